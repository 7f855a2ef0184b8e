"""Messages of the page: what is taken, and that everything else is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions.config import FRAME_BYTES, Limits
from liveactions.exceptions import ProtocolError
from liveactions.protocol import constants as wire
from liveactions.protocol.messages import (
    Acknowledgement,
    Bye,
    CallFunction,
    CallReference,
    CallSlot,
    Hello,
    Navigate,
    Validate,
    read,
    read_hello,
    read_op,
    write,
)

LIMITS = Limits()
HELLO = {"v": 1, "url": "/x?y=1", "snapshot": "abc", "token": None, "rev": 0, "op": 0}


def test_hello() -> None:
    assert read_hello(HELLO) == Hello("/x?y=1", "abc", None, 0, 0)
    assert read_hello({**HELLO, "token": "t", "rev": -1, "op": 7}) == Hello("/x?y=1", "abc", "t", -1, 7)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, wire.CLOSE_VERSION),
        ({"v": True}, wire.CLOSE_VERSION),
        ({"v": None}, wire.CLOSE_VERSION),
        ({"url": 5}, wire.CLOSE_PROTOCOL),
        ({"snapshot": 5}, wire.CLOSE_PROTOCOL),
        ({"token": []}, wire.CLOSE_PROTOCOL),
        ({"rev": "0"}, wire.CLOSE_PROTOCOL),
        ({"rev": -2}, wire.CLOSE_PROTOCOL),
        ({"rev": True}, wire.CLOSE_PROTOCOL),
        ({"op": -1}, wire.CLOSE_PROTOCOL),
        ({"op": 2**60}, wire.CLOSE_PROTOCOL),
        ({"admin": True}, wire.CLOSE_PROTOCOL),
    ],
)
def test_improper_hello(change: dict[str, Any], code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello({**HELLO, **change})
    assert caught.value.code == code


@pytest.mark.parametrize("data", [None, 1, "hello", [1, 0, 9], [], {}])
def test_something_else_than_a_hello(data: Any) -> None:
    with pytest.raises(ProtocolError):
        read_hello(data)


@pytest.mark.parametrize(
    ("data", "op"),
    [
        ([0, 3], Acknowledgement(3)),
        ([1, 0, 0, [2], []], CallSlot(1, 0, [2], [])),
        (
            [1, -1, 0, [2, 0, 5], ["a", "b"], {"key": "x"}],
            CallSlot(1, -1, [2, 0, 5], ["a", "b"], {"key": "x"}),
        ),
        ([9, 4, 1, "add", ["by", "2"]], CallReference(9, 4, "add", ["by", "2"])),
        ([9, 4, 1, "add~1~m", [], {"x": 1}], CallReference(9, 4, "add~1~m", [], {"x": 1})),
        ([2, 0, 2, "save", ["a", ""], ["a"]], Validate(2, 0, "save", ["a", ""], ["a"])),
        ([2, 0, 3, "/x?y=2"], Navigate(2, 0, "/x?y=2")),
        ([2, 0, 3, "/x?y=2", 1], Navigate(2, 0, "/x?y=2", True)),
        ([2, 0, 6, "shop:add", {"by": [1]}], CallFunction(2, 0, "shop:add", {"by": [1]})),
        ([1, 0, 1, "a", ["f", {"file": "h"}]], CallReference(1, 0, "a", ["f", {"file": "h"}])),
        ([3, 0, 9], Bye(3, 0)),
    ],
)
def test_ops(data: Any, op: Any) -> None:
    assert read_op(data, LIMITS) == op


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        [1],
        [0, 0, 0],
        [-1, 0, 9],
        [True, 0, 9],
        [1.0, 0, 9],
        [1, None, 9],
        [1, -2, 9],
        [1, 0],
        [1, 0, 4],
        [1, 0, 7, "x"],
        [1, 0, "9"],
        [1, 0, False, [1], []],
        [1, 0, [], [1], []],
        [1, 0, 0],
        [1, 0, 0, [], []],
        [1, 0, 0, [-1], []],
        [1, 0, 0, ["x"], []],
        [1, 0, 0, [True], []],
        [1, 0, 0, [1], ["a"]],
        [1, 0, 0, [1], ["a", 1]],
        [1, 0, 0, [1], {}],
        [1, 0, 0, [1], [], []],
        [1, 0, 0, [1], [], {}, 1],
        [1, 0, 0, [0] * 100, []],
        [1, 0, 1, 5, []],
        [1, 0, 1, "a", [], "b"],
        [1, 0, 2, "a", []],
        [1, 0, 2, "a", [], [1]],
        [1, 0, 0, [1], [{"file": "a"}, "b"]],
        [1, 0, 0, [1], ["a", {"file": 1}]],
        [1, 0, 0, [1], ["a", {"file": "h", "path": "/"}]],
        [1, 0, 0, [1], ["a", {"refused": ["n", "t"]}]],
        [1, 0, 0, [1], ["a", {"refused": ["n", "t", True]}]],
        [1, 0, 0, [1], [{"refused": ["n", "t", 1]}, "b"]],
        [1, 0, 6, "x"],
        [1, 0, 6, 1, {}],
        [1, 0, 6, "x", []],
        [1, 0, 3],
        [1, 0, 3, 1],
        [1, 0, 3, "/", 2],
        [1, 0, 3, "/", True],
        [1, 0, 9, 1],
        [1, 0, 1, "a", ["x", "y"] * 1001],
    ],
)
def test_improper_ops(data: Any) -> None:
    with pytest.raises(ProtocolError):
        read_op(data, LIMITS)


def test_an_event_is_nested_32_deep_at_most() -> None:
    event: Any = {}
    for _ in range(29):
        event = {"x": event}
    assert read_op([1, 0, 0, [1], [], event], LIMITS)
    with pytest.raises(ProtocolError):
        read_op([1, 0, 0, [1], [], {"x": {"x": event}}], LIMITS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[1, 0, 9",
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[NaN]",
    ],
)
def test_not_json(text: str) -> None:
    with pytest.raises(ProtocolError):
        read(text, LIMITS)


def test_half_a_character_is_replaced() -> None:
    text = r'["a\ud800b", "\uD83D\uDE00", "\udc00\ud800", "\\ud800", "\n\ud800\\"]'
    assert read(text, LIMITS) == ["a\ufffdb", "\U0001f600", "\ufffd\ufffd", r"\ud800", "\n\ufffd\\"]


def test_bytes_are_no_message() -> None:
    for nothing in (b"[0, 0]", None):
        with pytest.raises(ProtocolError):
            read(nothing, LIMITS)


@pytest.mark.parametrize("text", ["x" * (2**20 + 1), "é" * (FRAME_BYTES // 2 + 1)])
def test_too_long(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read(text, LIMITS)
    assert caught.value.code == wire.CLOSE_LIMIT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(JSON)
def test_anything_else_is_refused_as_such(data: Any) -> None:
    for reader in (read_hello, lambda data: read_op(data, LIMITS)):
        with suppress(ProtocolError):
            reader(data)


@given(st.text())
def test_any_text(text: str) -> None:
    with suppress(ProtocolError):
        read(text, LIMITS)


def test_what_is_written_is_short_json() -> None:
    assert write([1, 2, [0, "é<"]]) == '[1,2,[0,"é<"]]'
    assert json.loads(write({"x": [None, True]})) == {"x": [None, True]}
