"""Where snapshots and once-keys are kept, with a time to live."""

from .base import Claimed, Clock, Row, Store
from .memory import MemoryStore
from .place import default_path, files_beside
from .sqlite import SqliteStore

__all__ = ["Claimed", "Clock", "MemoryStore", "Row", "SqliteStore", "Store", "default_path", "files_beside"]
