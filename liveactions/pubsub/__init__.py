"""Messages between workers, for their open pages and caches."""

from .base import GAP, Broker, News, RemoteBroker
from .sqlite import SqliteBroker

__all__ = ["GAP", "Broker", "News", "RemoteBroker", "SqliteBroker"]
