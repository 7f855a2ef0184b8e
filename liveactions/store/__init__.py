"""Stores: keep values with a time to live, such as snapshots, for all workers."""

from .base import ClaimedRow, Clock, Row, Store
from .default_path import default_path
from .memory import MemoryStore
from .sqlite import SqliteStore

__all__ = ["ClaimedRow", "Clock", "MemoryStore", "Row", "SqliteStore", "Store", "default_path"]
