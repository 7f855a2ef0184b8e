"""Stores and brokers by their URLs."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from ..store import SqliteStore, Store, default_path
from .base import Broker
from .sqlite import SqliteBroker

VARIABLE = "LIVEACTIONS_STORE"
REDIS = "redis", "rediss", "unix"
POSTGRES = "postgresql", "postgres"


def open_store(store: Store | str | None, name: str) -> Store:
    """Return the store of the application `name`: this one, that of a URL, or by default that of
    ``LIVEACTIONS_STORE`` or a private file. `ValueError` for a URL of no known engine.
    """
    store = store or os.environ.get(VARIABLE) or SqliteStore(default_path(name))
    return _store_at(store, name) if isinstance(store, str) else store


def open_broker(broker: Broker | str | None, store: Store, name: str) -> Broker | None:
    """Return the broker of the application `name`: this one, that of a URL, or by default that of its store.

    None for a store in one process. `ValueError` for a URL of no known engine.
    """
    if isinstance(broker, str):
        store, broker = _store_at(broker, name), None
    return broker or _broker_of(store)


def _store_at(url: str, name: str) -> Store:
    scheme = urlsplit(url).scheme
    if scheme in REDIS:
        from ..store.redis import RedisStore

        return RedisStore(url, f"liveactions:{name}")
    if scheme in POSTGRES:
        from ..store.postgres import PostgresStore

        return PostgresStore(url, f"liveactions:{name}")
    if scheme == "sqlite":
        return SqliteStore(unquote(urlsplit(url).path))
    raise ValueError(
        f"{scheme or url!r} is no store's scheme: use redis://, rediss://, unix://, postgresql:// or sqlite:///path"
    )


def _broker_of(store: Store) -> Broker | None:
    if isinstance(store, SqliteStore):
        return SqliteBroker(store)
    if store.server is None:
        return None
    url, prefix = store.server
    if urlsplit(url).scheme in REDIS:
        from .redis import RedisBroker

        return RedisBroker(url, prefix)
    from .postgres import PostgresBroker

    return PostgresBroker(url, prefix)
