"""Where snapshots and once-keys are kept, with a time to live."""

from .base import Claimed, Clock, Row, Store
from .memory import MemoryStore
from .sqlite import SqliteStore, default_path

__all__ = ["Claimed", "Clock", "MemoryStore", "Row", "SqliteStore", "Store", "default_path"]
