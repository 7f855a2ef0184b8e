"""Stores and brokers by their URLs, and which broker goes with a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveactions.engines import VARIABLE, open_broker, open_store
from liveactions.pubsub import Broker, SqliteBroker
from liveactions.pubsub.postgres import PostgresBroker
from liveactions.pubsub.redis import RedisBroker
from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.postgres import PostgresStore
from liveactions.store.redis import RedisStore


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("url", "store", "broker"),
    [
        ("redis://host:1/2?protocol=3", RedisStore, RedisBroker),
        ("rediss://user:password@host", RedisStore, RedisBroker),
        ("unix:///run/redis", RedisStore, RedisBroker),
        ("postgresql://host/database", PostgresStore, PostgresBroker),
        ("postgres://host/database", PostgresStore, PostgresBroker),
        ("sqlite:///tmp/store", SqliteStore, SqliteBroker),
    ],
)
def test_a_url_names_store_and_broker(
    url: str, store: type[Store], broker: type[Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = open_store(url, "shop")
    assert type(made) is store
    assert type(open_broker(None, made, "shop")) is broker
    assert open_broker(None, made, "shop") == open_broker(url, MemoryStore(), "shop")
    monkeypatch.setenv(VARIABLE, url)
    assert type(open_store(None, "shop")) is store


def test_applications_have_prefixes_of_their_own() -> None:
    shop, admin = (open_store("redis://host", name) for name in ("shop", "admin"))
    assert shop.server == ("redis://host", "liveactions:shop")
    assert open_broker(None, shop, "shop") != open_broker(None, admin, "admin")


def test_the_path_of_a_file() -> None:
    store = open_store("sqlite:///tmp/a%20b/store", "shop")
    assert isinstance(store, SqliteStore) and store.path == Path("/tmp/a b/store")


def test_what_was_made_is_taken(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    broker = SqliteBroker(store)
    assert open_store(store, "shop") is store
    assert open_broker(broker, MemoryStore(), "shop") is broker


def test_by_default_there_is_a_private_file() -> None:
    store = open_store(None, "shop")
    assert isinstance(store, SqliteStore) and "shop" in store.path.name


def test_a_store_in_one_process_has_no_broker() -> None:
    assert open_broker(None, MemoryStore(), "shop") is None
    assert open_broker(None, RedisStore(lambda: None), "shop") is None


@pytest.mark.parametrize("url", ["mysql://host", "/var/lib/store", "redis"])
def test_other_urls_are_errors(url: str) -> None:
    with pytest.raises(ValueError, match="no store's scheme"):
        open_store(url, "shop")


@pytest.mark.parametrize(
    "url",
    [
        "redis://me:hunter2@host:port",
        "redis://me:hunter2/@host",
        "redis://me:hunter2@host?ssl_cert_reqs=none",
        "rediss://me:hunter2@host?ssl_cert_reqs=maybe",
        "postgresql://me:hunter2@host/database?unknown=1",
        "postgresql://me:hunter2%zz@host/database",
        "postgresql://me:hunter2 2@host/database",
    ],
)
def test_a_url_that_nothing_connects_to_is_an_error_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL of the .* server can't be used: .+") as caught:
        open_store(url, "shop")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="URL of the .* server can't be used"):
        open_broker(url, MemoryStore(), "shop")
