"""The log of a session's operations, answers and revisions: what page and session know about each other.

Nothing here depends on sockets, clocks or pages: the time, in seconds of any monotonic clock, is an argument,
and messages to send are returned as text.

Theory of operation
-------------------
A page has one session, and the session has an `OpLog`. Sockets come and go; messages that are sent with
`fetch` follow the same rules.

*Operations* are numbered by the page: 1, 2, 3 ... The page keeps each one until it knows how it ended. The
session runs them in the order of their numbers, and never runs one twice: `OpLog.accept` returns whether an
operation is new. An operation that is sent again, because the page couldn't know that it had arrived, is
answered again. At least the 64 newest answers are kept, and a page has at most 32 unanswered operations. An
operation may be answered as running: it runs concurrently, and its final answer is sent later.

*Revisions* count the patches: a frame with a patch leads from the page's revision to the next one. Every
message of the page names the newest revision that it has applied. At most 8 patches and 256 KiB may be
unacknowledged; after that, nothing is sent until the page catches up, and then the newest state is sent once.
An answer is never sent before the patch that shows the operation's effect. *Extras* (everything in a frame
besides patch and answers) have a revision, too, so that they are repeated until they are acknowledged.

*Addresses* of slots refer to a revision that the page has shown. The session keeps its renders since the
revision of the last operation or acknowledgement (`OpLog.seen`), not of the last hello: operations that were
lost with a connection are sent again right after the hello, with their original revisions, and the messages
of one connection arrive in order.

*A new connection* begins with a hello and a welcome. If the session is still in memory, the page sends all
operations above the welcome's `ack` again, and the welcome contains what the page has missed. If the session
had to be rebuilt from its snapshot, list items are numbered again on both sides, and the page forgets shapes.
Then there are two cases. If the snapshot was written while the session was idle, nothing has run since: the
operations above `ack` are sent again and run (``migrated``). Otherwise, its worker may have run operations
whose effects aren't in the snapshot (`OpLog.uncertain`): these are sent again, too, but only idempotent
actions are run again, and the others end as uncertain (``rebuilt``). If the only remaining state is older
than what the page has shown, the whole page is sent (``outdated``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final, Literal

from ..exceptions import REPLACED, ProtocolError
from .constants import OK, RUNNING, UNCERTAIN, WINDOW_BYTES, WINDOW_FRAMES
from .messages import Change, Hello, Op, require, write

MAX_KEPT_ANSWERS: Final = 64
"""Maximum number of unacknowledged answers that are kept."""
Resumption = Literal["", "migrated", "rebuilt"]
"""How a session was rebuilt from a snapshot; "" if it is still in memory. See "A new connection" above."""


class OpLog:
    """The operations, answers and revisions of one session."""

    def __init__(
        self, rev: int = 0, done: int = 0, answers: Sequence[Any] = (), unacked_extras: Sequence[Any] = ()
    ) -> None:
        self.rev = rev
        """The newest revision."""
        self.shown = rev
        """The newest revision that the page is known to have applied."""
        self.seen = rev
        """The oldest revision whose addresses can still arrive."""
        self.last = done
        """Number of the newest accepted operation."""
        self.done = done
        """Number of the newest operation that has ended."""
        self.answered: dict[int, tuple[int, Any]] = {
            answers[i]: _after_restart(answers[i + 1], answers[i + 2]) for i in range(0, len(answers), 3)
        }
        self._forgotten = 0
        """Number of the newest operation whose answer was dropped without an acknowledgement."""
        self._concurrent: dict[int, float] = {}
        """Concurrent operations, each with the revision of its final answer; `inf` until that is sent."""
        self.uncertain = 0
        """Operations up to this number may have been run by a worker that no longer exists."""
        self._unsent_answers: list[Any] = []
        self._sent_through = done
        self._sent: list[tuple[int, int, int]] = []  # revision, size, ops that had ended
        self._unacknowledged = 0
        self._progress = 0.0
        self._extras: dict[str, Any] = {}
        self.unacked_extras: list[tuple[int, dict[str, Any]]] = list(unacked_extras)
        """Extras that the page hasn't acknowledged, each with its revision."""

    def accept(self, op: Op, now: float) -> bool:
        """Return whether `op` is new and has to be run. Raise `ProtocolError` if its number is impossible.

        Numbers may be skipped: a page drops operations that have become meaningless.
        """
        self.acknowledge(op.rev, now)
        n = op.n
        if n > self.last:
            self.last = n
            return True
        require(n > self._forgotten, f"op {n} after {self.last}")
        if n <= self.done:
            self._answer_again(n)
        return False

    def acknowledge(self, rev: int, now: float) -> None:
        """Note that the page has applied revision `rev`. Raise `ProtocolError` if that is impossible."""
        if rev > self.rev:
            raise ProtocolError(f"revision {rev} after {self.rev}")
        if rev > self.seen:
            self.seen = rev
        if rev > self.shown:
            self._applied(rev, now)

    def _applied(self, rev: int, now: float) -> None:
        self.shown = rev
        self._progress = now
        sent = self._sent
        while sent and sent[0][0] <= rev:
            _, size, done = sent.pop(0)
            self._unacknowledged -= size
            if self.answered:
                self._forget(done)
        for n in [n for n, sent in self._concurrent.items() if sent <= rev] if self._concurrent else ():
            del self._concurrent[n], self.answered[n]
        if self.unacked_extras:
            self.unacked_extras = [kept for kept in self.unacked_extras if kept[0] > rev]

    def finish(self, n: int, status: int = OK, payload: Any = None) -> None:
        """Note that operation `n` has ended."""
        self.done = n
        if status != OK or payload is not None:
            self._unsent_answers += (n, status, payload)
            self.answered[n] = (status, payload)
            if len(self.answered) > MAX_KEPT_ANSWERS:
                self._forget_oldest()

    def start_concurrent(self, n: int) -> None:
        """Note that operation `n` runs concurrently, so that others needn't wait for it."""
        self._concurrent[n] = inf
        self.finish(n, RUNNING)

    def finish_concurrent(self, n: int, status: int = OK, payload: Any = None) -> None:
        """Note that operation `n`, which ran concurrently, has ended."""
        self.answered[n] = (status, payload)
        self._unsent_answers += (n, status, payload)

    def _forget(self, n: int) -> None:
        """Drop the answers up to that of operation `n`, which the page has received."""
        concurrent = self._concurrent
        for old in [old for old in self.answered if old <= n and old not in concurrent]:
            del self.answered[old]

    def _forget_oldest(self) -> None:
        oldest = next((n for n in self.answered if n not in self._concurrent), None)
        if oldest is not None:
            del self.answered[oldest]
            self._forgotten = oldest

    def _note_final_answers(self, rev: int) -> None:
        """Note that final answers of concurrent operations are sent with this revision."""
        for n, sent in self._concurrent.items():
            if sent == inf and self.answered[n][0] != RUNNING:
                self._concurrent[n] = rev

    def _answer_again(self, n: int) -> None:
        self._sent_through = min(self._sent_through, n - 1)
        if n in self.answered and n not in self._unsent_answers[::3]:
            self._unsent_answers += (n, *self.answered[n])

    @property
    def is_certain(self) -> bool:
        """Whether no operation that hasn't ended may have been run by another worker."""
        return self.uncertain <= self.done

    @property
    def is_streaming(self) -> bool:
        """Whether operations are running concurrently."""
        return any(self.answered[n][0] == RUNNING for n in self._concurrent)

    @property
    def answers(self) -> Sequence[Any]:
        """All kept answers: n, status, payload ..."""
        if not self.answered:
            return ()
        return [part for n, answer in self.answered.items() for part in (n, *answer)]

    def add(self, extras: Mapping[str, Any]) -> None:
        """Merge extras into those of the next frame."""
        self._extras = merge(self._extras, extras)

    @property
    def extras(self) -> Sequence[tuple[int, dict[str, Any]]]:
        """All extras that the page hasn't acknowledged, including those of the next frame."""
        return [*self.unacked_extras, (self.rev + 1, self._extras)] if self._extras else self.unacked_extras

    @property
    def has_unsent(self) -> bool:
        """Whether answers or extras have to be sent."""
        return self._sent_through < self.done or bool(self._unsent_answers) or bool(self._extras)

    @property
    def is_open(self) -> bool:
        """Whether another patch may be sent."""
        return len(self._sent) < WINDOW_FRAMES and self._unacknowledged < WINDOW_BYTES

    def seconds_unacknowledged(self, now: float) -> float:
        """Return for how many seconds patches have been waiting for an acknowledgement; 0 if none is."""
        return now - self._progress if self._sent else 0.0

    def frame(self, patch: Change, shapes: list[Any], now: float) -> str | None:
        """Return the frame with this patch ([] for none) and the answers that are due; None if it's empty."""
        if not patch and not self.has_unsent:
            return None
        answers, self._unsent_answers = self._unsent_answers, []
        self._sent_through = self.done
        extras, self._extras = self._extras, {}
        if self._concurrent:
            self._note_final_answers(self.rev + 1)
        if not patch and not extras:
            return write([self.rev, self.done, [], answers] if answers else [self.rev, self.done])
        self.rev += 1
        if extras:  # with a new revision, so that the page handles them exactly once
            self.unacked_extras.append((self.rev, extras))
            text = write([self.rev, self.done, patch, answers, shapes, extras])
        elif shapes:
            text = write([self.rev, self.done, patch, answers, shapes])
        elif answers:
            text = write([self.rev, self.done, patch, answers])
        else:
            text = write([self.rev, self.done, patch])
        if not self._sent:
            self._progress = now
        self._sent.append((self.rev, len(text), self.done))
        self._unacknowledged += len(text)
        return text

    def resume(self, hello: Hello) -> None:
        """Check the hello of a new connection.

        Raise `ProtocolError` if it isn't from this session's page, or if the page has sent newer operations
        by fetch since: it connects again.
        """
        require(hello.rev <= self.rev, f"revision {hello.rev} after {self.rev}")
        if hello.op < self.last:
            raise ProtocolError(f"last op {hello.op}, but {self.last} was received", REPLACED)

    def welcome(
        self,
        hello: Hello,
        token: str,
        patch: Change,
        shapes: list[Any],
        resumption: Resumption = "",
        outdated: bool = False,
    ) -> str:
        """Return the answer to a hello, with a patch from the hello's revision to the newest state.

        The page is assumed to apply it, because it can only name the new revision after that.
        """
        answers = self.answers
        is_ahead = bool(self.unacked_extras) and self.unacked_extras[-1][0] > self.rev
        if is_ahead or (patch and hello.rev == self.rev):  # a snapshot may have extras that weren't sent yet
            self.rev += 1
        self._note_final_answers(self.rev)
        message: dict[str, Any] = {"token": token, "rev": self.rev, "ack": self.done}
        if resumption:
            message[resumption] = 1
        if outdated:
            message["outdated"] = 1
        if answers:
            message["answers"] = answers
        if patch:
            message["patch"] = patch
        if shapes:
            message["shapes"] = shapes
        extras: dict[str, Any] = {}
        for rev, kept in self.unacked_extras:
            extras = merge(extras, kept) if rev > hello.rev else extras
        if extras:
            message["extras"] = extras
        self._sent.clear()
        self._unsent_answers, self._sent_through, self._unacknowledged = [], self.done, 0
        if resumption == "rebuilt":
            self.uncertain = hello.op
        return write(message)


def _after_restart(status: int, payload: Any) -> tuple[int, Any]:
    """Return an answer from a snapshot. An operation that was running then is uncertain."""
    return (UNCERTAIN, None) if status == RUNNING else (status, payload)


def merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the extras of two frames: tickets and events of both, the newer address."""
    both = {**one, **other}
    if "cookies" in one and "cookies" in other:
        both["cookies"] = f"{one['cookies']} {other['cookies']}"
    if "events" in one and "events" in other:
        both["events"] = [*one["events"], *other["events"]]
    return both
