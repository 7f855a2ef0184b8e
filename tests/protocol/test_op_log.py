"""The state machine: ops, answers, revisions, resuming. No sockets, no clock."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions.exceptions import REPLACED, ProtocolError
from liveactions.protocol import constants as wire
from liveactions.protocol.messages import Bye, CallSlot, Hello
from liveactions.protocol.op_log import MAX_KEPT_ANSWERS, OpLog


def op(n: int, rev: int = 0) -> CallSlot:
    return CallSlot(n, rev, [0], [])


def hello(rev: int = 0, op: int = 0) -> Hello:
    return Hello("/", None, "token", rev, op)


def frame(exchange: OpLog, patch: Any = (), shapes: Any = (), now: float = 0.0) -> Any:
    text = exchange.frame(list(patch), list(shapes), now)
    return None if text is None else json.loads(text)


def test_a_counter() -> None:
    exchange = OpLog()
    assert json.loads(exchange.welcome(hello(), "token", [], [])) == {"token": "token", "rev": 0, "ack": 0}
    for n in (1, 2):
        assert exchange.accept(op(n, n - 1), 0.0)
        exchange.finish(n)
        assert frame(exchange, [0, str(n)]) == [n, n, [0, str(n)]]
    assert frame(exchange) is None


def test_empty_ends_are_left_out() -> None:
    exchange = OpLog()
    exchange.accept(op(1), 0.0)
    exchange.finish(1)
    assert frame(exchange) == [0, 1]
    exchange.accept(op(2), 0.0)
    exchange.finish(2, wire.OK, "result")
    assert frame(exchange) == [0, 2, [], [2, 0, "result"]]
    assert frame(exchange, [1, [0]], [0, "<p>"]) == [1, 2, [1, [0]], [], [0, "<p>"]]


def test_an_op_runs_once_and_is_answered_again() -> None:
    exchange = OpLog()
    assert exchange.accept(op(1), 0.0)
    assert not exchange.accept(op(1), 0.0)  # it is running
    assert frame(exchange) is None
    exchange.finish(1, wire.ERROR, {"error": "no"})
    assert frame(exchange) == [0, 1, [], [1, 1, {"error": "no"}]]
    assert not exchange.accept(op(1), 0.0)
    assert frame(exchange) == [0, 1, [], [1, 1, {"error": "no"}]]


@pytest.mark.parametrize("n", [2, 66, 1000, 2**52])
def test_numbers_may_be_left_out(n: int) -> None:
    """A page whose session was made anew drops ops that were never sent: any number of them."""
    exchange = OpLog()
    exchange.accept(op(1), 0.0)
    assert exchange.accept(op(n), 0.0)
    exchange.finish(1, wire.ERROR, "no")
    exchange.finish(n)
    frame(exchange)
    assert not exchange.accept(op(1), 0.0)
    assert frame(exchange) == [0, n, [], [1, wire.ERROR, "no"]]


def test_an_op_whose_answer_is_forgotten() -> None:
    exchange = OpLog()
    for n in range(1, MAX_KEPT_ANSWERS + 2):
        exchange.accept(op(n), 0.0)
        exchange.finish(n, wire.OK, n)
    with pytest.raises(ProtocolError, match="op 1 after 65"):
        exchange.accept(op(1), 0.0)
    assert not exchange.accept(op(2), 0.0)


def test_revisions_from_the_future() -> None:
    exchange = OpLog(rev=3)
    for message in (lambda: exchange.accept(op(1, 4), 0.0), lambda: exchange.acknowledge(4, 0.0)):
        with pytest.raises(ProtocolError):
            message()
    with pytest.raises(ProtocolError):
        exchange.resume(hello(rev=4))
    assert exchange.last == 0


def test_a_hello_that_newer_operations_have_overtaken() -> None:
    exchange = OpLog()
    exchange.accept(op(5), 0.0)
    with pytest.raises(ProtocolError) as refused:
        exchange.resume(hello(op=4))
    assert refused.value.code == REPLACED  # the page connects again
    exchange.resume(hello(op=5))


def test_a_bye_may_come_before_what_was_never_sent() -> None:
    exchange = OpLog()
    assert exchange.accept(Bye(500, 0), 0.0)


def test_window_of_frames() -> None:
    exchange = OpLog()
    for rev in range(1, wire.WINDOW_FRAMES + 1):
        assert exchange.is_open
        frame(exchange, [0, "x"], now=float(rev))
    assert not exchange.is_open
    assert exchange.seconds_unacknowledged(21.0) == 20.0
    exchange.acknowledge(1, 22.0)
    assert exchange.is_open
    assert exchange.seconds_unacknowledged(23.0) == 1.0
    exchange.acknowledge(exchange.rev, 24.0)
    assert exchange.seconds_unacknowledged(99.0) == 0.0


def test_window_of_bytes() -> None:
    exchange = OpLog()
    frame(exchange, [0, "x" * wire.WINDOW_BYTES])
    assert not exchange.is_open
    exchange.accept(op(1, 1), 0.0)  # an op acknowledges too
    assert exchange.is_open


def test_answers_are_kept_until_the_page_has_them() -> None:
    exchange = OpLog()
    exchange.accept(op(1), 0.0)
    exchange.finish(1, wire.OK, "one")
    frame(exchange, [0, "1"])
    assert exchange.answers == [1, 0, "one"]
    exchange.accept(op(2, 1), 0.0)
    assert not exchange.answers


def test_64_answers_are_kept() -> None:
    exchange = OpLog()
    for n in range(1, 101):
        exchange.accept(op(n), 0.0)
        exchange.finish(n, wire.OK, n)
        frame(exchange)
    assert exchange.answers[::3] == list(range(37, 101))


def test_resume_brings_what_was_missed() -> None:
    exchange = OpLog()
    for n in (1, 2, 3):
        exchange.accept(op(n), 0.0)
        exchange.finish(n, wire.OK, n)
        frame(exchange, [0, str(n)])
    exchange.accept(op(4), 0.0)  # still running
    exchange.resume(hello(rev=1, op=5))
    welcome = json.loads(exchange.welcome(hello(rev=1, op=5), "token", [0, "3"], []))
    answers = [1, 0, 1, 2, 0, 2, 3, 0, 3]
    assert welcome == {"token": "token", "rev": 3, "ack": 3, "answers": answers, "patch": [0, "3"]}
    assert not exchange.accept(op(4, 1), 0.0)
    assert exchange.accept(op(5, 1), 0.0)


def test_a_patch_of_the_welcome_is_a_revision() -> None:
    exchange = OpLog(rev=2)
    welcome = json.loads(exchange.welcome(hello(rev=2), "token", [0, "x"], []))
    assert welcome["rev"] == exchange.rev == 3


def test_rebuilt_after_a_crash_what_was_sent_is_uncertain() -> None:
    exchange = OpLog(rev=4, done=6, answers=[6, 0, "six"])
    welcome = json.loads(exchange.welcome(hello(rev=4, op=9), "token", [], [], "rebuilt"))
    assert welcome == {"token": "token", "rev": 4, "ack": 6, "rebuilt": 1, "answers": [6, 0, "six"]}
    assert exchange.uncertain == 9 and not exchange.is_certain
    for n in (7, 8, 9):
        assert exchange.accept(op(n, 4), 0.0)
        exchange.finish(n)
    assert exchange.is_certain and exchange.accept(op(10, 4), 0.0)


def test_moved_from_rest_everything_is_sent_again() -> None:
    exchange = OpLog(rev=4, done=6)
    welcome = json.loads(exchange.welcome(hello(rev=4, op=9), "token", [], [], "migrated"))
    assert welcome == {"token": "token", "rev": 4, "ack": 6, "migrated": 1}
    assert [exchange.accept(op(n, 4), 0.0) for n in (7, 8, 9)] == [True, True, True]


class Page:
    """The other end, as js/src/core/connection.js does it: ops until they have ended."""

    def __init__(self) -> None:
        self.rev = 0
        self.text = ""
        self.made = self.sent = 0
        self.open: list[int] = []
        self.ended: dict[int, Any] = {}

    def hello(self) -> Hello:
        return hello(self.rev, self.sent)

    def settle(self, ack: int, answers: list[Any]) -> None:
        for at in range(0, len(answers), 3):
            if answers[at] in self.open:
                self.ended[answers[at]] = answers[at + 2]
        self.ended.update({n: None for n in self.open if n <= ack and n not in self.ended})
        self.open = [n for n in self.open if n not in self.ended]

    def welcome(self, message: dict[str, Any]) -> None:
        self.rev = message.get("rev", self.rev)
        self.text = "".join(message.get("patch", [0, self.text])[1:])
        self.settle(message.get("ack", 0), message.get("answers", []))

    def frame(self, rev: int, ack: int = 0, patch: Any = (), answers: Any = ()) -> None:
        assert rev == self.rev + bool(patch)
        self.rev = rev
        self.text = patch[1] if patch else self.text
        self.settle(ack, list(answers))


@given(st.randoms(use_true_random=False))
def test_over_a_link_that_is_cut_anywhere_every_op_runs_once(chance: random.Random) -> None:
    """Messages are lost only at the end of a connection; whatever the order, all agree at the end."""
    page, exchange = Page(), OpLog()
    ran: list[int] = []
    waiting: list[int] = []
    shown = {0: ""}
    up: list[Any] = []
    down: list[Any] = []

    def send_frames() -> None:
        if waiting and exchange.is_open:
            n = waiting.pop(0)
            ran.append(n)
            exchange.finish(n, *([wire.OK, n] if n % 3 == 0 else []))
        if exchange.is_open:
            text = ",".join(map(str, ran))
            patch = [0, text] if text != shown[exchange.rev] else []
            message = exchange.frame(patch, [], 0.0)
            shown[exchange.rev] = text
            down.append(json.loads(message)) if message else None

    def reconnect() -> None:
        del up[:], down[:]
        greeting = page.hello()
        exchange.resume(greeting)
        text = ",".join(map(str, ran))
        patch = [0, text] if text != shown[greeting.rev] else []
        message = json.loads(exchange.welcome(greeting, "token", patch, []))
        shown[exchange.rev] = text
        if chance.random() < 0.7:
            page.welcome(message)
            up.extend(op(n, page.rev) for n in page.open[:32])
        else:
            reconnect()

    for step in range(chance.randrange(100)):
        kind = chance.random()
        if kind < 0.3 and len(page.open) < 32 and step < 80:
            page.made += chance.choice([1, 1, 1, 100])  # what was never sent is left out
            page.open.append(page.made)
            page.sent = page.made
            up.append(op(page.made, page.rev))
        elif kind < 0.6 and up:
            message = up.pop(0)
            if exchange.accept(message, 0.0):
                waiting.append(message.n)
        elif kind < 0.8:
            send_frames()
        elif kind < 0.95 and down:
            page.frame(*down.pop(0))
        elif kind > 0.97:
            reconnect()
    while page.open:
        reconnect()
        for message in up:
            if exchange.accept(message, 0.0):
                waiting.append(message.n)
        while waiting:
            send_frames()
            while down:
                page.frame(*down.pop(0))
            exchange.acknowledge(page.rev, 0.0)
    assert ran == sorted(set(ran))
    assert page.ended == {n: n if n % 3 == 0 else None for n in ran}


def test_extras_are_told_until_they_are_acknowledged() -> None:
    exchange = OpLog()
    exchange.accept(op(1), 0.0)
    exchange.finish(1)
    exchange.add({"cookies": "a", "events": [["saved", 1, None]]})
    exchange.add({"cookies": "b", "url": ["/x", 1], "events": [["seen", 2, None]]})
    extras = {"cookies": "a b", "events": [["saved", 1, None], ["seen", 2, None]], "url": ["/x", 1]}
    assert frame(exchange) == [1, 1, [], [], [], extras]  # a revision without a patch
    assert frame(exchange) is None
    for _ in range(2):  # the first welcome may be lost, too
        assert json.loads(exchange.welcome(hello(0, 1), "t", [], []))["extras"] == extras
    assert "extras" not in json.loads(exchange.welcome(hello(1, 1), "t", [], []))
    exchange.acknowledge(1, 0.0)
    assert "extras" not in json.loads(exchange.welcome(hello(0, 1), "t", [], []))


def test_extras_of_a_snapshot_are_sent_with_a_revision_of_their_own() -> None:
    """Otherwise they would be sent again with each welcome."""
    exchange = OpLog(3, 0, [], [(4, {"events": [["ran", 1]]})])
    message = json.loads(exchange.welcome(hello(3), "token", [], []))
    assert message["rev"] == 4 and message["extras"] == {"events": [["ran", 1]]}
    exchange.resume(hello(4))
    assert "extras" not in json.loads(exchange.welcome(hello(4), "token", [], []))
