"""t-SNE: points in a plane, placed so that neighbors in the data are neighbors there (van der Maaten & Hinton 2008).

One file per step, in order:

    space         coordinates in which the Euclidean distance is the metric asked for
    neighbors    the nearest neighbors of every point, exactly
    affinities    distances to probabilities p_ij, by perplexity
    attraction    the pull along every p_ij
    repulsion/    the push between all pairs: exact, Barnes-Hut, or interpolated on a grid with FFTs
    objective     both together: the Kullback-Leibler divergence and its gradient
    optimizer     gradient descent with momentum and gains, and when it stops
    placing       new points in a fixed embedding
    estimator     scikit-learn's interface

Internally, an embedding is float32 of shape (C, N), one row per coordinate; the interface uses (N, C).
"""

from .estimator import TSNE as TSNE
