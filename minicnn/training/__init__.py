"""Training a classifier, and measuring it."""

from .callbacks import BestCheckpoint, Callback, EarlyStopping, JsonLines
from .divergence import TrainingDiverged
from .evaluation import Evaluation, evaluate
from .fit import fit
from .history import EpochRecord, History
from .run import Run
from .snapshots import Snapshot, Snapshots, read_snapshots

__all__ = [
    "BestCheckpoint",
    "Callback",
    "EarlyStopping",
    "EpochRecord",
    "Evaluation",
    "History",
    "JsonLines",
    "Run",
    "Snapshot",
    "Snapshots",
    "TrainingDiverged",
    "evaluate",
    "fit",
    "read_snapshots",
]
