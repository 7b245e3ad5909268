"""Matrices as products of smaller ones: PCA, NMF and semi-NMF, with scikit-learn's interface."""

from .nmf import NMF
from .pca import PCA
from .semi_nmf import SemiNMF

__all__ = ["NMF", "PCA", "SemiNMF"]
