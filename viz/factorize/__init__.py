"""Matrices as products of smaller ones: PCA, NMF and semi-NMF, with scikit-learn's interface."""

from .pca import PCA

__all__ = ["PCA"]
