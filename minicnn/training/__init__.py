"""Training and evaluating a classifier."""

from .agreement import check_alike, digest
from .callbacks import BestCheckpoint, Callback, EarlyStopping, JsonLines
from .divergence import TrainingDiverged
from .evaluation import Evaluation, check_initialized, evaluate, transform_of
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
    "check_alike",
    "check_initialized",
    "digest",
    "evaluate",
    "fit",
    "read_snapshots",
    "transform_of",
]
