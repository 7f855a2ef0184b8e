"""Data for one use: sealed, filed under a digest, taken once, gone after a while."""

from __future__ import annotations

import pytest

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store.memory import MemoryStore
from liveactions.store.one_time import OneTimeStore

SEALER = Sealer(Keys(["a secret of more than sixteen bytes"]))


async def test_data_is_taken_once() -> None:
    kept = OneTimeStore("ticket", 60, SEALER, MemoryStore())
    one, two = await kept.put(["a", 1]), await kept.put(None)
    assert one != two
    assert [await kept.take(one), await kept.take(one), await kept.take("other")] == [["a", 1], None, None]


async def test_data_can_be_read_until_it_is_taken() -> None:
    kept = OneTimeStore("post", 60, SEALER, MemoryStore())
    assert (await kept.claim("key"), await kept.claim("key"), await kept.read("key")) == (True, False, None)
    assert await kept.put({"a": 1}, "key") == "key"
    assert [await kept.read("key"), await kept.read("key")] == [{"a": 1}, {"a": 1}]


async def test_kinds_are_apart_and_sealed_for_themselves() -> None:
    store = MemoryStore()
    ticket, post = OneTimeStore("ticket", 60, SEALER, store), OneTimeStore("post", 60, SEALER, store)
    await ticket.put("secret", "key")
    assert await post.take("key") is None
    kept = await store.get(ticket._row("key"))
    assert kept and b"secret" not in kept and "key" not in ticket._row("key")
    await store.put(post._row("key"), kept, 60)
    with pytest.raises(SealError):
        await post.take("key")
