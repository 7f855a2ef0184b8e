"""Stores: keep values with a time to live, such as snapshots, for all workers."""

from .base import ClaimedRow, Clock, Row, Store
from .memory import MemoryStore
from .sqlite import SqliteStore, default_path

__all__ = ["ClaimedRow", "Clock", "MemoryStore", "Row", "SqliteStore", "Store", "default_path"]
