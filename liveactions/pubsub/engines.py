"""Creates stores and brokers from URLs."""

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
    """Return the store of the application `name`: the given one, or that of a URL. The default is that of
    ``LIVEACTIONS_STORE``, or a private file.

    Raise `ValueError` for a URL of an unknown engine, and `TypeError` for anything else.
    """
    if store is None or store == "":
        store = os.environ.get(VARIABLE) or SqliteStore(default_path(name))
    if isinstance(store, str):
        return _store_at(store, name)
    if not isinstance(store, Store):
        raise TypeError(f"store={store!r}: expected a store or a URL, such as store='redis://localhost'")
    return store


def open_broker(broker: Broker | str | None, store: Store, name: str) -> Broker | None:
    """Return the broker of the application `name`: the given one, or that of a URL. The default is that of
    its store, or None for a store of one process.

    Raise `ValueError` for a URL of an unknown engine, and `TypeError` for anything else.
    """
    if isinstance(broker, str):
        return _broker_of(_store_at(broker, name))
    if broker is None:
        return _broker_of(store)
    if not isinstance(broker, Broker):
        raise TypeError(f"broker={broker!r}: expected a broker or a URL, such as broker='redis://localhost'")
    return broker


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
