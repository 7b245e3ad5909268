from .estimator import ConvergenceWarning as ConvergenceWarning
from .estimator import NotFittedError as NotFittedError
from .factorize import PCA as PCA
