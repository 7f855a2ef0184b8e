"""What a page and its session know of each other: ops, answers, revisions.

Nothing here knows of sockets, clocks or pages: the time, in seconds of any clock that doesn't go back,
is an argument, and what is to be sent is returned as text.

Theory of operation
-------------------
A page has one session, and the session has an `OpLog`. Sockets come and go; whatever is said by
`fetch` follows the same rules.

*Ops* are what the page wants done. It numbers them 1, 2, 3 ... and keeps each until it knows how it
ended. The session runs them in the order of their numbers and never one twice: `OpLog.accept` says
whether an op is new. An op that comes again (the page couldn't know that it had arrived) is answered
again. At least the answers of the 64 newest ops are kept; a page has at most 32 unanswered.
An op may be answered as running: it goes on beside the others, and its end is told later.

*Revisions* count the patches: a frame with a patch leads from the page's revision to the next one.
Every message of the page names the newest revision that it has applied. At most 8 patches and 256 KiB
may be unacknowledged; after that nothing is sent until the page catches up, and then the newest
state is, once. The answer of an op never travels before the patch that shows what it did. *Extras* (what
is to be done besides patching) come with a revision, too, so that each is told until it is acknowledged.

*Addresses* of slots are told by the page as it saw them at a revision. The session keeps what it
rendered since the revision of the last op or acknowledgement (`OpLog.seen`), not of the last
hello: ops that were lost with a connection come again right after the hello with the revision they
were made at, and messages of one connection come in order.

*A new connection* begins with a hello and a welcome. When the session is still there, the page sends
again all ops above the welcome's `ack`, and the welcome brings what the page has missed. When it had
to be rebuilt from its snapshot, list items are numbered anew on both sides and the page forgets
shapes. Then there are two cases. Either the snapshot was written when its session was at rest: nothing
ran after it, and the ops above `ack` are sent again (``moved``). Or its worker may have run ops whose
effects are elsewhere but not in the snapshot: those that the page has sent before (`OpLog.uncertain`)
come again, too, but only idempotent actions are run again, and the others have an uncertain end
(``fresh``). When all that is left is older than what the page
has shown, the whole page is sent (``stale``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final, Literal

from ..exceptions import ProtocolError
from .constants import OK, RUNNING, UNCERTAIN, WINDOW_BYTES, WINDOW_FRAMES
from .messages import Change, Hello, Op, require, write

MAX_KEPT_ANSWERS: Final = 64
"""Answers that are kept until they are acknowledged."""
Rebuilt = Literal["", "moved", "fresh"]
"""Whether a session was made from a snapshot, and what that means for the ops under way (see above)."""


class OpLog:
    """What a session and its page know of each other: ops, answers, revisions."""

    def __init__(
        self, rev: int = 0, done: int = 0, answers: Sequence[Any] = (), unacked_extras: Sequence[Any] = ()
    ) -> None:
        self.rev = rev
        """The newest revision."""
        self.shown = rev
        """The newest revision that the page is known to have applied."""
        self.seen = rev
        """No address of an older revision will come."""
        self.last = done
        """Number of the newest op that was taken."""
        self.done = done
        """Number of the newest op that has ended."""
        self.answered: dict[int, tuple[int, Any]] = {
            answers[i]: _after_restart(answers[i + 1], answers[i + 2]) for i in range(0, len(answers), 3)
        }
        self._forgotten = 0
        """Number of the newest op whose answer was dropped unacknowledged."""
        self._late: dict[int, float] = {}
        """Ops that go on beside the others, or did, and the revision with which their end was told."""
        self.uncertain = 0
        """Ops up to this one may have been run by a worker that is gone."""
        self._unsent_answers: list[Any] = []
        self._sent_through = done
        self._sent: deque[tuple[int, int, int]] = deque()  # revision, size, ops that had ended
        self._unacknowledged = 0
        self._progress = 0.0
        self._extras: dict[str, Any] = {}
        self.unacked_extras: list[tuple[int, dict[str, Any]]] = list(unacked_extras)
        """Extras that the page hasn't acknowledged, by the revision that brought them."""

    def accept(self, op: Op, now: float) -> bool:
        """Whether `op` is to be run: it is new. `ProtocolError` when its number can't be.

        Numbers may be left out: a page drops ops that nobody can mean any more.
        """
        self.acknowledge(op.rev, now)
        n = op.n
        if n > self.last:
            self.last = n
            return True
        require(n > self._forgotten, f"op {n} after {self.last}")
        if n <= self.done:
            self._tell_again(n)
        return False

    def acknowledge(self, rev: int, now: float) -> None:
        """The page has applied revision `rev`. `ProtocolError` when it can't have."""
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
            _, size, done = sent.popleft()
            self._unacknowledged -= size
            self._forget(done)
        for n in [n for n, told in self._late.items() if told <= rev] if self._late else ():
            del self._late[n], self.answered[n]
        if self.unacked_extras:
            self.unacked_extras = [kept for kept in self.unacked_extras if kept[0] > rev]

    def finish(self, n: int, status: int = OK, payload: Any = None) -> None:
        """Op `n` has ended."""
        self.done = n
        if status != OK or payload is not None:
            self._unsent_answers += (n, status, payload)
            self.answered[n] = (status, payload)
            if len(self.answered) > MAX_KEPT_ANSWERS:
                self._forget_oldest()

    def go_on(self, n: int) -> None:
        """Op `n` goes on beside the others, which needn't wait for it."""
        self._late[n] = inf
        self.finish(n, RUNNING)

    def finish_late(self, n: int, status: int = OK, payload: Any = None) -> None:
        """Op `n`, which went on beside the others, has ended."""
        self.answered[n] = (status, payload)
        self._unsent_answers += (n, status, payload)

    def replace_last_answer(self, status: int, payload: Any) -> bool:
        """The newest op has ended otherwise. False: the page has been told already."""
        n = self.done
        if self._sent_through >= n:
            return False
        if n in self.answered:
            del self._unsent_answers[-3:]
        self.finish(n, status, payload)
        return True

    def _forget(self, n: int) -> None:
        """The page has the answers up to that of op `n`."""
        if self.answered:
            late = self._late
            for old in [old for old in self.answered if old <= n and old not in late]:
                del self.answered[old]

    def _forget_oldest(self) -> None:
        oldest = next((n for n in self.answered if n not in self._late), None)
        if oldest is not None:
            del self.answered[oldest]
            self._forgotten = oldest

    def _tell_late(self, rev: int) -> None:
        """The ends of ops that went on are told with this revision."""
        for n, told in self._late.items():
            if told == inf and self.answered[n][0] != RUNNING:
                self._late[n] = rev

    def _tell_again(self, n: int) -> None:
        self._sent_through = min(self._sent_through, n - 1)
        if n in self.answered and n not in self._unsent_answers[::3]:
            self._unsent_answers += (n, *self.answered[n])

    @property
    def is_certain(self) -> bool:
        """Whether ops that haven't ended have run nowhere."""
        return self.uncertain <= self.done

    @property
    def answers(self) -> Sequence[Any]:
        """All kept answers: n, status, payload ..."""
        if not self.answered:
            return ()
        return [part for n, answer in self.answered.items() for part in (n, *answer)]

    def add(self, extras: Mapping[str, Any]) -> None:
        """What the page is to be told besides, with the next frame."""
        self._extras = merge(self._extras, extras)

    @property
    def extras(self) -> Sequence[tuple[int, dict[str, Any]]]:
        """All that the page hasn't acknowledged, what the next frame is to bring included."""
        return [*self.unacked_extras, (self.rev + 1, self._extras)] if self._extras else self.unacked_extras

    @property
    def is_owing(self) -> bool:
        """Whether there are ended ops of which the page hasn't been told, or something besides."""
        return self._sent_through < self.done or bool(self._unsent_answers) or bool(self._extras)

    @property
    def is_open(self) -> bool:
        """Whether another patch may be sent."""
        return len(self._sent) < WINDOW_FRAMES and self._unacknowledged < WINDOW_BYTES

    def silence(self, now: float) -> float:
        """Seconds for which patches have been waiting for an acknowledgement."""
        return now - self._progress if self._sent else 0.0

    def frame(self, patch: Change, shapes: list[Any], now: float) -> str | None:
        """The frame with this patch ([] for none) and the answers that are due; None: nothing is."""
        if not patch and not self.is_owing:
            return None
        answers, self._unsent_answers = self._unsent_answers, []
        self._sent_through = self.done
        extras, self._extras = self._extras, {}
        if self._late:
            self._tell_late(self.rev + 1)
        if not patch and not extras:
            return write([self.rev, self.done, [], answers] if answers else [self.rev, self.done])
        self.rev += 1
        if extras:  # on a revision of their own: the page takes them once, whatever is lost
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
        """The page is on a new connection. `ProtocolError` when it isn't this session's page."""
        require(hello.rev <= self.rev, f"revision {hello.rev} after {self.rev}")
        require(hello.op >= self.last, f"last op {hello.op}, of which {self.last} came")

    def welcome(
        self,
        hello: Hello,
        token: str,
        patch: Change,
        shapes: list[Any],
        rebuilt: Rebuilt = "",
        stale: bool = False,
    ) -> str:
        """The answer to a hello, with a patch from the hello's revision to the newest state.

        From here on the page is taken to have applied it: it names the new revision only after that.
        """
        answers = self.answers
        if patch and hello.rev == self.rev:
            self.rev += 1
        self._tell_late(self.rev)
        message: dict[str, Any] = {"token": token, "rev": self.rev, "ack": self.done}
        if rebuilt:
            message[rebuilt] = 1
        if stale:
            message["stale"] = 1
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
        if rebuilt == "fresh":
            self.uncertain = hello.op
        return write(message)


def _after_restart(status: int, payload: Any) -> tuple[int, Any]:
    """An answer from a snapshot: nobody knows how an op went on whose worker is gone."""
    return (UNCERTAIN, None) if status == RUNNING else (status, payload)


def merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The extras of two frames as those of one: tickets and events of both, the newer address."""
    both = {**one, **other}
    if "cookies" in one and "cookies" in other:
        both["cookies"] = f"{one['cookies']} {other['cookies']}"
    if "events" in one and "events" in other:
        both["events"] = [*one["events"], *other["events"]]
    return both


class Allowance:
    """So many per second, and so many at once: says how long to wait."""

    def __init__(self, rate: float, burst: int) -> None:
        self._step = 1 / rate
        self._slack = burst * self._step
        self._due = 0.0

    def take(self, now: float) -> float:
        """Use one; the seconds until it may happen."""
        due = max(self._due, now - self._slack) + self._step
        self._due = due
        return due - now
