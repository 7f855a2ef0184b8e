"""Messages between workers, for their open pages and caches."""

from .base import GAP, Broker, Messages, RemoteBroker
from .sqlite import SqliteBroker

__all__ = ["GAP", "Broker", "Messages", "RemoteBroker", "SqliteBroker"]
