"""Limits per page, visitor and worker, and checks of options."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final


def check_size(what: str, value: Any) -> None:
    """Raise `TypeError` or `ValueError` unless `value` is a number of bytes or items."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what}={value!r}: expected an int, such as {what}=1000")
    if value < 0:
        raise ValueError(f"{what}={value!r}: it can't be negative")


def check_seconds(what: str, value: Any, *, or_zero: bool = False) -> None:
    """Raise `TypeError` or `ValueError` unless `value` is a positive and finite number.

    With `or_zero`, it may be 0 as well.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{what}={value!r}: expected a number, such as {what}=10")
    if not (value > 0 or (or_zero and value == 0)):
        raise ValueError(f"{what}={value!r}: it must be positive")
    if value > sys.float_info.max:  # also an int that no float can hold
        raise ValueError(f"{what}={value!r}: it must be finite")


def check_flags(**options: Any) -> None:
    """Raise `TypeError` unless all options are bools."""
    for what, value in options.items():
        if not isinstance(value, bool):
            raise TypeError(f"{what}={value!r}: expected True or False")


def check_list(what: str, value: Any) -> None:
    """Raise `TypeError` unless `value` has several values: not a single text or function."""
    if isinstance(value, (str, bytes)) or callable(value) or not isinstance(value, Iterable):
        raise TypeError(f"{what}={value!r}: expected a list, such as {what}=[{value!r}]")


def check_text(what: str, value: Any) -> None:
    """Raise `TypeError` unless `value` is a text."""
    if not isinstance(value, str):
        raise TypeError(f"{what}={value!r}: expected a text")


def checked_texts(what: str, value: Any) -> tuple[str, ...]:
    """Return several texts. Raise `TypeError` for anything else."""
    check_list(what, value)
    texts = tuple(value)
    for text in texts:
        check_text(what, text)
    return texts


def check_function(what: str, value: Any) -> None:
    """Raise `TypeError` unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{what}: expected a function, not {value!r}")


FRAME_BYTES: Final = 1024 * 1024
"""Maximum size of a message from a client, in bytes; the same as that of a form's body.

The client knows it, too.
"""


@dataclass(frozen=True)
class Limits:
    """Limits, in seconds and bytes: ``Live(limits=Limits(ops_per_second=10))``."""

    frame: int = FRAME_BYTES
    """Maximum size of a message from a client."""
    ops_per_second: float = 50.0
    """Operations per second for each page; further ones are delayed."""
    ops_burst: int = 100
    """Operations that may arrive at once."""
    hello: float = 10.0
    """How long an open socket may take to send its hello."""
    detached: float = 60.0
    """How long a session without a socket is kept in memory."""
    idle: float = 15.0
    """How long a session without operations keeps renders that it can repeat."""
    silent: float = 20.0
    """How long patches may stay unacknowledged."""
    sending: float = 10.0
    """How long sending a single message may take."""
    cookies: float = 300.0
    """How old the cookies of an open page may be when an operation runs, or when something is pushed to it;
    older ones are updated first."""
    defer: float = 10.0
    """How long a page without JavaScript waits for deferred values."""
    action: float = 30.0
    """How long an action may run."""
    drain: float = 20.0
    """How long a worker that is stopped takes at most to hand its pages over."""
    sessions: int = 10_000
    """Maximum number of open pages per worker."""
    sessions_per_address: int = 1000
    """Maximum number of open pages per client IP and worker."""
    body: int = 2**20
    """Maximum size of a post, without files. Per action: ``@action(max_body=…)``."""
    upload: int = 10 * 2**20
    """Maximum size of a file. Per parameter: ``Annotated[UploadFile, file(max_size=…)]``."""
    fields: int = 1000
    """Maximum number of fields of a post or an operation."""
    uploads: int = 2**30
    """All files that have been uploaded and wait for their operation, wherever these are; at most 256 MiB in
    a store on the network. Direct uploads that are planned and haven't arrived in the bucket don't count.
    """
    handles: int = 256 * 2**20
    """State that each worker stores: for 24 hours for pages that no socket has joined, and for an hour after
    form posts. The oldest goes first.
    """
    state: int = 4 * 2**20
    """State of a page, with the results of its actions."""
    kept: int = 64 * 2**10
    """The value of a field that is `InTab` or `InSession`."""
    files: int = 20
    """Maximum number of files in a post."""
    name: int = 200
    """Maximum number of characters in a field's name."""

    def __post_init__(self) -> None:
        for field in fields(self):
            check = check_size if type(field.default) is int else check_seconds
            check(field.name, getattr(self, field.name))
