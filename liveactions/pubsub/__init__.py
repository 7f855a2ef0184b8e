"""How workers tell each other what their open pages and caches have to know."""

from .base import GAP, Broker, News
from .sqlite import SqliteBroker

__all__ = ["GAP", "Broker", "News", "SqliteBroker"]
