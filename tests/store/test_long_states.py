"""Long states, of which what has changed is sealed: what is opened, and by whom."""

from __future__ import annotations

import random

import pytest

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store import MemoryStore
from liveactions.store.base import SplitValue
from liveactions.store.fallback import FallbackStore
from liveactions.store.long_states import StateJSON, StateSealer, open_long_state
from liveactions.store.snapshots import LONG_STATE, Snapshot, Snapshots
from tests.support.patience import PATIENCE

SEALER = Sealer(Keys.random())
STATE = tuple(b"%03d" % number * 10 for number in range(100))


def opened(value: SplitValue, context: str = "ada") -> tuple[bytes, bytes]:
    read = SplitValue.read(bytes(value))
    assert read is not None
    return open_long_state(SEALER, read, context, PATIENCE)


def changed(state: StateJSON, rng: random.Random) -> StateJSON:
    parts = list(state)
    for _ in range(rng.choice((1, 1, 1, 5, 60))):
        at, gone, new = rng.randrange(len(parts) + 1), rng.randrange(3), rng.randrange(3)
        parts[at : at + gone] = [rng.randbytes(rng.randrange(50)) for _ in range(new)]
    return tuple(parts)


def test_states_are_opened_as_they_were() -> None:
    rng = random.Random(5)
    states, state, bases = StateSealer(SEALER), STATE, set()
    for number in range(300):
        value = states.seal(state, b"%d" % number, "ada")
        assert opened(value) == (b"".join(state), b"%d" % number)
        bases.add(value.base)
        state = changed(state, rng)
        if len(state) < 50:
            state = STATE
    assert 10 < len(bases) < 200


def test_a_base_is_kept_while_little_has_changed() -> None:
    states = StateSealer(SEALER)
    first = states.seal(STATE, b"", "ada")
    for n in range(0, 100, 5):  # all over the state
        value = states.seal((*STATE[:n], b"other", *STATE[n + 1 :]), b"", "ada")
        assert value.base is first.base and len(value.rest) < 100
    assert states.seal((b"all of it",), b"", "ada").base is not first.base
    before = states.seal(STATE, b"", "ada")
    states.seal(STATE, b"", "eve")
    assert states.seal(STATE, b"", "ada").base is not before.base


def test_its_parts_are_opened_together_and_in_their_context_only() -> None:
    one, other = (StateSealer(SEALER).seal(STATE, b"", "ada") for _ in range(2))
    forged = [
        SplitValue(one.base, other.rest),
        SplitValue(one.base, one.base),
        SplitValue(one.rest, one.rest),
        SplitValue(one.base[:-1], one.rest),
        SplitValue(bytes([*one.base[:40], one.base[40] ^ 1, *one.base[41:]]), one.rest),
        SplitValue(one.base, b""),
        SplitValue(b"", b""),
    ]
    for value in forged:
        with pytest.raises(SealError):
            opened(value)
    with pytest.raises(SealError):
        opened(one, "eve")


async def test_snapshots_of_long_states() -> None:
    snapshots = Snapshots("app", SEALER, FallbackStore(MemoryStore()))
    context, states = snapshots.context("page", "ada"), StateSealer(SEALER)
    short = Snapshot("/", (b'[{"a":', b"1", b"}]"), 1)
    long = Snapshot("/", (b'[{"a":"', *[b"x"] * LONG_STATE, b'"}]'), 1)
    at_rest = long._replace(at_rest=True)
    for snapshot, is_split in ((short, False), (long, True), (at_rest, False)):
        value = snapshots.seal_for_store(snapshot, context, states)
        assert isinstance(value, SplitValue) == is_split
        await snapshots.store.put("session", bytes(value), PATIENCE)
        found = await snapshots.load("session", context)
        a = "x" * LONG_STATE if snapshot is not short else 1
        assert found == snapshot._replace(state=[{"a": a}])
