"""How workers tell each other what their open pages and caches have to know."""

from .base import GAP, Broker, News, RemoteBroker
from .sqlite import SqliteBroker

__all__ = ["GAP", "Broker", "News", "RemoteBroker", "SqliteBroker"]
