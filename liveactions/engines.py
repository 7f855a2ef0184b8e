"""Opens the store, the broker and the storage for files that an application's URLs name."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .pubsub.base import Broker
from .pubsub.sqlite import SqliteBroker
from .security.signing import Sealer
from .store import SqliteStore, Store, default_path
from .store.fallback import FallbackStore
from .store.upload_storage import FolderStorage, StoreStorage, UploadStorage

VARIABLE = "LIVEACTIONS_STORE"
UPLOADS_VARIABLE = "LIVEACTIONS_UPLOADS"
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
        from .store.redis import RedisStore

        return RedisStore(url, f"liveactions:{name}")
    if scheme in POSTGRES:
        from .store.postgres import PostgresStore

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
        from .pubsub.redis import RedisBroker

        return RedisBroker(url, prefix)
    from .pubsub.postgres import PostgresBroker

    return PostgresBroker(url, prefix)


def open_storage(
    uploads: UploadStorage | str | os.PathLike[str] | None, store: FallbackStore, sealer: Sealer
) -> UploadStorage:
    """Return the storage for an application's files: the given one, or that of a folder or a URL. The default
    is that of ``LIVEACTIONS_UPLOADS``, the folder next to the store, or the store itself.

    Raise `ValueError` for a URL of an unknown storage, and `TypeError` for anything else.
    """
    if uploads is None or uploads == "":
        uploads = os.environ.get(UPLOADS_VARIABLE) or None
    if isinstance(uploads, UploadStorage):
        return uploads
    if isinstance(uploads, (str, os.PathLike)):
        return _storage_at(os.fspath(uploads))
    if uploads is not None:
        raise TypeError(f"uploads={uploads!r}: expected a storage, a folder or a URL")
    if store.is_local:
        return FolderStorage(store.folder)
    return StoreStorage(store, sealer)


def _storage_at(place: str) -> UploadStorage:
    scheme, is_url, _ = place.partition("://")
    if not is_url:
        return FolderStorage(Path(place))
    if scheme == "file":
        return FolderStorage(Path(unquote(urlsplit(place).path)))
    if scheme == "s3":
        from .store.bucket import BucketStorage

        return BucketStorage(place)
    raise ValueError(f"uploads={place!r}: expected a folder, file:///folder or s3://bucket/prefix")
