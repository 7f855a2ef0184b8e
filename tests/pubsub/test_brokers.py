"""What every broker does: each message in one order, or a gap."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable

import pytest

from liveactions.pubsub import GAP, Broker
from tests.store.engines import ENGINES, Engine, engine_of, parameters

SHARED = [name for name in ENGINES if name != "memory"]
Worker = Callable[[], Broker]


@pytest.fixture(params=parameters(SHARED))
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with engine_of(request.param, request) as made:
        yield made


@pytest.fixture
def worker(engine: Engine) -> Worker:
    """Makes the broker of another worker, which listens from now on."""

    def make() -> Broker:
        broker = engine.broker()
        assert list(broker.poll()) == [GAP]
        return broker

    return make


@pytest.mark.slow
def test_everybody_hears_everything_once_in_one_order(worker: Worker) -> None:
    one, two = worker(), worker()
    one.publish([b"a", b"b"])
    two.publish([b"c"])
    one.publish([b"d"])
    assert list(one.poll()) == list(two.poll()) == [b"a", b"b", b"c", b"d"]
    assert list(one.poll()) == list(two.poll()) == []
    two.publish([b"e"])
    assert list(one.poll()) == list(two.poll()) == [b"e"]


def test_what_was_said_before_is_not_heard(worker: Worker) -> None:
    worker().publish([b"a"])
    assert list(worker().poll()) == []


@pytest.mark.slow
def test_threads_of_two_workers(worker: Worker) -> None:
    one, two = worker(), worker()

    def say(broker: Broker, name: str) -> None:
        for number in range(100):
            broker.publish([f"{name}{number}".encode()])

    threads = [threading.Thread(target=say, args=pair) for pair in ((one, "a"), (two, "b"), (two, "c"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    heard = [text.decode() for text in one.poll() if text is not None]
    assert heard == [text.decode() for text in two.poll() if text is not None]
    for name in "abc":
        assert [text for text in heard if text[0] == name] == [f"{name}{number}" for number in range(100)]


def test_any_number_of_messages_of_any_size(worker: Worker) -> None:
    one, two = worker(), worker()
    one.publish([])
    assert list(two.poll()) == []
    many = [f"{n}".encode() for n in range(500)] + [bytes([n]) * 25_000 for n in range(1, 20)]
    one.publish(many)
    assert list(two.poll()) == list(one.poll()) == many


def test_brokers_of_the_same_messages_are_equal(engine: Engine) -> None:
    assert engine.broker() == engine.broker()
    assert hash(engine.broker()) == hash(engine.broker())
