"""Training a classifier, and measuring it."""

from .agreement import check_alike, digest
from .callbacks import BestCheckpoint, Callback, EarlyStopping, JsonLines
from .divergence import TrainingDiverged
from .evaluation import Evaluation, evaluate, transform_of
from .fit import fit
from .history import EpochRecord, History
from .run import Run

__all__ = [
    "BestCheckpoint",
    "Callback",
    "EarlyStopping",
    "EpochRecord",
    "Evaluation",
    "History",
    "JsonLines",
    "Run",
    "TrainingDiverged",
    "check_alike",
    "digest",
    "evaluate",
    "fit",
    "transform_of",
]
