"""The session as a machine: random histories of a page, its connections, the workers and their store."""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from jinja2 import DictLoader, Environment

from liveactions import Live, Page, Pages
from liveactions.actions.request import PageRequest
from liveactions.exceptions import ProtocolError
from liveactions.pages.page_html import document
from liveactions.pages.state import encode_state, restore_state
from liveactions.protocol import constants as wire
from liveactions.protocol.messages import Acknowledgement, CallFunction, Hello, Op
from liveactions.protocol.op_log import OpLog, Resumption
from liveactions.session.op_queue import Job, ServerOp
from liveactions.session.renders import RenderHistory
from liveactions.session.resuming import restore_logs, resumption_from
from liveactions.session.state import (
    Due,
    Frame,
    IllegalTransition,
    SessionState,
    State,
)
from liveactions.store.snapshots import Snapshot, pack, unpack
from liveactions.templates import Fragment, Templates
from liveactions.templates.digests import digest_of, digests_of
from liveactions.testing.document import Document
from liveactions.testing.failures import ProtocolMismatch
from liveactions.types import DONE, Failed, Outcome, Streaming, Uncertain
from tests.support.cases import one_in
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "log.html": "<h1>{{ words|length }}</h1><ul>{% for word in words %}<li>{{ word }}</li>{% endfor %}</ul>"
    "{% if words|length > 3 %}<p>{{ words[-1] }}</p>{% endif %}"
}
NAMES = ["add", "add", "add", "fail", "stream"]
WINDOW = 32
"""Unanswered ops that a page sends at most."""
PATIENCE = 2000
"""Steps after which everything has arrived."""


@pages.page("/log")
class Log(Page):
    template = "log.html"
    words: list[str] = []


LIVE = small_app(pages, TEMPLATES)


def opened(live: Live) -> Log:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/log",
        "raw_path": b"/log",
        "query_string": b"",
        "headers": [(b"host", b"test")],
        "path_params": {},
    }
    page = live.site.new_page(Log, PageRequest(scope), live.site.context(live.site.routes[0], ""), "")
    assert isinstance(page, Log)
    return page


def html_of(live: Live, page: Log, fragment: Fragment) -> str:
    return document(fragment, "", live.site.page_assets(page), page.live.path, lambda snapshot: snapshot)


@dataclass
class Connection:
    """Messages under way between a client and the session at the other end. What comes arrives in order."""

    worker: Worker
    session: SessionState
    hello: Hello
    resumption: Resumption
    up: deque[Op | Acknowledgement] = field(default_factory=deque)
    down: deque[str] = field(default_factory=deque)
    is_welcomed: bool = False
    """Whether the worker has sent its welcome."""
    is_open: bool = False
    """Whether the client has got it."""

    @property
    def is_closed(self) -> bool:
        """Whether the worker has closed it."""
        return self.session.is_over or self.worker.connection is not self


class Client:
    """The page in the browser, as ``js/src/core/connection.js`` has it."""

    def __init__(self, html: str) -> None:
        self.document = Document(html)
        self.token: str | None = None
        self.rev = self.last = self.sent = self.announced = 0
        self.open: dict[int, str] = {}
        """Ops that haven't ended, in order, and what each calls."""
        self.out: set[int] = set()
        """Those that have been sent over this connection."""
        self.running: set[int] = set()
        self.ended: dict[int, int] = {}
        """Statuses of ops that have ended."""
        self.events: list[str] = []
        self.has_missed_welcome = False
        """Whether it doesn't know that its session was rebuilt, and that items have other numbers now."""

    def call(self, name: str) -> None:
        self.last += 1
        self.open[self.last] = name

    def hello(self) -> Hello:
        self.announced = self.sent
        return Hello("/log", None, self.token, self.rev, self.announced)

    def due_numbers(self) -> list[int]:
        return [n for n in list(self.open)[:WINDOW] if n not in self.out]

    def due(self) -> list[CallFunction]:
        """Ops to send now."""
        numbers = self.due_numbers()
        self.out.update(numbers)
        self.sent = max([self.sent, *numbers])
        return [CallFunction(n, self.rev, self.open[n], {}) for n in numbers]

    def welcome(self, message: dict[str, Any]) -> None:
        assert "outdated" not in message, "the page was told what the store doesn't know"
        self.token, self.rev = message["token"], message["rev"]
        self._settle(message["ack"], message.get("answers", []))
        self.out = set(self.running)
        self.document.shapes, self.document._sources = {}, {}
        if "rebuilt" in message or "migrated" in message:
            for n in list(self.running):
                self._end(n, wire.UNCERTAIN)
            self.running, self.out = set(), set()
            self.document.renumber()
        if "migrated" in message:
            self.announced = 0
        self.document.apply(message.get("patch", []), message.get("shapes", []))
        self._hear(message.get("extras", {}))

    def frame(
        self,
        rev: int,
        ack: int,
        patch: Any = (),
        answers: Any = (),
        shapes: Any = (),
        extras: Any = None,
    ) -> None:
        assert rev in (self.rev, self.rev + 1)
        self.rev = rev
        self._settle(ack, answers)
        self.document.apply(patch or [], shapes)
        self._hear(extras or {})

    def _hear(self, extras: dict[str, Any]) -> None:
        self.events += [detail for _, detail in extras.get("events", ())]

    def _settle(self, ack: int, answers: Any) -> None:
        ends = {answers[at]: answers[at + 1] for at in range(0, len(answers), 3)}
        for n in list(self.open):
            if ends.get(n) == wire.RUNNING:
                self.running.add(n)
            elif n in ends or (n not in self.running and n <= ack):
                self._end(n, ends.get(n, wire.OK))

    def _end(self, n: int, status: int) -> None:
        del self.open[n]
        self.running.discard(n)
        self.ended[n] = status


class States:
    """The store: the newest state of each token, which only the newest claim may replace."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self._epochs: dict[str, int] = {}

    def claim(self, token: str) -> int:
        epoch = self._epochs[token] = self._epochs.get(token, 0) + 1
        return epoch

    def save(self, token: str, epoch: int, state: bytes) -> bool:
        if self._epochs[token] != epoch:
            return False
        self.states[token] = state
        return True


class Worker:
    """A process that does what its machine says, step by step; and may be killed between any two steps."""

    def __init__(self, live: Live, store: States, ran: list[int]) -> None:
        self.live = live
        self.store = store
        self.ran = ran
        """Ops of the page that any worker has run, in order."""
        self.session: SessionState | None = None
        self.epoch = 0
        self.job: Job | None = None
        """The op that is running."""
        self.outcome: Outcome = DONE
        """What it will have come to."""
        self.connection: Connection | None = None
        self.streaming: list[int] = []

    def join(self, hello: Hello, now: float) -> Connection:
        """Take a hello. Its welcome may be a while."""
        state = self.session
        resumption: Resumption = ""
        is_ours = state is not None and state.token == hello.token and not state.is_over
        if state is None or not is_ours or not (state.is_running or self.save()):
            state, resumption = self._begin(hello)
        connection = self.connection = Connection(self, state, hello, resumption)
        state.joining(hello, resumption, now)
        return connection

    def welcome(self, connection: Connection, now: float) -> bool:
        """Answer a hello. Return False when the page has another connection, or another worker, meanwhile."""
        state = connection.session
        if self.connection is not connection or self.session is not state or state.is_over:
            return False
        drawn = (state.is_running and state.history.newest) or state.page.__fragment__(state.history.newest)
        text = None if state.must_send_page else state.welcome(drawn)
        if text is None:
            drawn = state.page.__fragment__(None)
            text = state.welcome(drawn, self._html(drawn))
        if not self.save():
            state.end()
            return False
        assert text is not None
        state.attached()
        connection.down.append(text)
        self.flush(now)
        return True

    def _begin(self, hello: Hello) -> tuple[SessionState, Resumption]:
        site, page = self.live.site, opened(self.live)
        resumption: Resumption = ""
        first = page.__fragment__(None)
        snapshot = Snapshot(
            "/log", None, shape=first.shape.digest, digest=digest_of(first), digests=digests_of(first)
        )
        token = hello.token or secrets.token_hex()
        self.epoch = self.store.claim(token)
        if hello.token is not None:
            snapshot = unpack(self.store.states[token])
            restore_state(page, snapshot.state)
            resumption, outdated = resumption_from(snapshot, hello)
            assert not outdated, "the page was told what the store doesn't know"
        op_log, history = restore_logs(snapshot, hello, outdated=False)
        self.session = SessionState(
            site,
            page,
            site.routes[0],
            identity="",
            token=token,
            op_log=op_log,
            history=history,
            data=encode_state(page),
        )
        self.job, self.streaming = None, []
        return self.session, resumption

    def _html(self, drawn: Fragment) -> str:
        assert self.session is not None and isinstance(self.session.page, Log)
        return html_of(self.live, self.session.page, drawn)

    def save(self, snapshot: Snapshot | None = None) -> bool:
        state = self.session
        assert state is not None
        data = pack(snapshot or state.snapshot())
        return self.store.save(state.token, self.epoch, data)

    def begin_op(self) -> None:
        """Take the next op, which may have had effects from now on; rest where there is none."""
        state = self.session
        assert state is not None
        if not state.is_running:
            state.begin()
        self.job = state.next_op()
        if self.job is not None:
            if state.history.newest is None:
                state.history.rerender(state.page, state.op_log.rev)
            self.outcome = self._perform(state, self.job)
        elif state.rest() and not self.save():
            state.end()

    def end_op(self, now: float, dies: str = "") -> None:
        """Let the op that is running end, and flush."""
        state, job = self.session, self.job
        assert state is not None and job is not None
        self.job = None
        coalesces = state.queue.coalescing
        drawn = None if coalesces else state.page.__fragment__(state.history.newest)
        state.rendered(drawn, encode_state(state.page), is_refused=False)
        state.completed(job, self.outcome)
        if not coalesces:
            self.flush(now, dies)

    def _perform(self, state: SessionState, job: Job) -> Outcome:
        assert isinstance(state.page, Log)
        if isinstance(job, ServerOp):
            state.page.words.append(f"push {len(state.page.words)}")
            return DONE
        assert isinstance(job, CallFunction)
        if job.n <= state.op_log.uncertain:
            return Uncertain()
        self.ran.append(job.n)
        if job.name == "fail":
            return Failed(409, "no")
        state.page.words.append(str(job.n))
        state.add({"events": [["ran", str(job.n)]]})
        if job.name == "stream":
            self.streaming.append(job.n)
            return Streaming()
        return DONE

    def end_stream(self) -> None:
        """Ask for the end of a generator."""
        assert self.session is not None
        n = self.streaming.pop(0)
        self.session.queue.append(ServerOp(_nothing, n=n))

    def flush(self, now: float, dies: str = "") -> None:
        state = self.session
        assert state is not None
        while state.can_send and self.connection is not None and self.connection.session is state:
            if state.must_render:
                state.drawn = state.page.__fragment__(state.history.newest)
            frame = state.frame(now)
            if frame is None:
                state.drawn = state.page.__fragment__(None)
                frame = state.frame(now, self._html(state.drawn))
            assert isinstance(frame, Frame)
            if dies == "before storing":
                return
            if frame.snapshot is not None and not self.save(frame.snapshot):
                state.end()
                return
            if dies == "before sending":
                return
            if frame.text is not None:
                self.connection.down.append(frame.text)

    def detach(self, now: float) -> None:
        """Notice that the connection is gone."""
        self.connection = None
        if self.session is not None:
            self.session.detached(now)
            if self.job is None:
                self.begin_op()

    def maintain(self, now: float) -> None:
        state = self.session
        due = state.due(now, self.live.site.limits) if state is not None else None
        if state is None or due is None:
            return
        if due is Due.EVICT:
            state.evict()
        elif due is Due.DISCONNECT:
            self.detach(now)
        elif not (state.is_running or self.save()):
            state.end()
        if due is Due.EXPIRE:
            self.session = None


async def _nothing(run: object) -> Outcome | None:
    return None


class Histories(RuleBasedStateMachine):
    """One page, whose connections are lost and whose workers are replaced at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.live = LIVE
        self.store = States()
        self.now = 0.0
        self.ran: list[int] = []
        self.worker = Worker(self.live, self.store, self.ran)
        self.former: list[Worker] = []
        """Workers that still live, but from which another one has taken the page."""
        self.lost: list[Connection] = []
        """Connections that the client has lost, with messages that may still arrive."""
        self.connection: Connection | None = None
        page = opened(self.live)
        self.client = Client(html_of(self.live, page, page.__fragment__(None)))

    # The client

    @rule(name=st.sampled_from(NAMES), sends=st.booleans(), repeats=st.booleans())
    def call(self, name: str, sends: bool, repeats: bool) -> None:
        self.client.call(name)
        if sends:
            self.send()
        if repeats and self.connection is not None and self.connection.up:
            self.connection.up.append(self.connection.up[-1])

    @rule()
    def send(self) -> None:
        if self.connection is not None and self.connection.is_open:
            self.connection.up.extend(self.client.due())

    @precondition(lambda self: self.connection is not None and self.connection.is_open and self.client.out)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        assert self.connection is not None
        n = data.draw(st.sampled_from(sorted(self.client.out)), "n")
        self.connection.up.append(CallFunction(n, self.client.rev, self.client.open.get(n, "add"), {}))

    @precondition(lambda self: self.connection is not None and self.connection.is_open)
    @rule(behind=st.integers(0, 2))
    def acknowledge(self, behind: int) -> None:
        assert self.connection is not None
        self.connection.up.append(Acknowledgement(max(0, self.client.rev - behind)))

    @precondition(lambda self: self.connection is not None and self.connection.down)
    @rule()
    def arrive_at_client(self) -> None:
        assert self.connection is not None
        message = json.loads(self.connection.down.popleft())
        try:
            if isinstance(message, dict):
                self.client.welcome(message)
                self.connection.is_open = True
                self.send()
            else:
                self.client.frame(*message)
        except ProtocolMismatch:  # as the client in the browser, it asks for the whole page
            assert self.client.has_missed_welcome
            self.client.rev = -1
            self.lose_connection(True, 0)

    @precondition(lambda self: self.connection is not None)
    @rule(is_noticed=st.booleans(), arrives=st.integers(0, 3))
    def lose_connection(self, is_noticed: bool, arrives: int) -> None:
        """What was sent to the client is lost; of what it has sent, a part may arrive later."""
        connection, self.connection = self.connection, None
        assert connection is not None
        connection.up = deque(list(connection.up)[:arrives])
        self.client.has_missed_welcome |= any(
            '"migrated"' in one or '"rebuilt"' in one for one in connection.down
        )
        self.lost.append(connection)
        if is_noticed:
            self.notice()

    @precondition(lambda self: self.lost)
    @rule()
    def notice(self) -> None:
        """A worker notices that a connection is gone."""
        connection = self.lost.pop(0)
        if connection.worker.connection is connection:
            connection.worker.detach(self.now)

    @precondition(lambda self: self.connection is None)
    @rule()
    def connect(self) -> None:
        self.connection = self.worker.join(self.client.hello(), self.now)

    @precondition(lambda self: self.connection is not None and not self.connection.is_welcomed)
    @rule()
    def welcome(self) -> None:
        connection = self.connection
        assert connection is not None
        connection.is_welcomed = connection.worker.welcome(connection, self.now)
        if not connection.is_welcomed:
            self.connection = None

    @precondition(lambda self: self.connection is None and self.client.token is not None)
    @rule()
    def connect_to_another_worker(self) -> None:
        self.former.append(self.worker)
        self.worker = Worker(self.live, self.store, self.ran)
        self.connect()

    # The workers

    @precondition(lambda self: self.connection is not None and self.connection.up)
    @rule()
    def arrive_at_worker(self) -> None:
        assert self.connection is not None
        self._receive(self.connection)

    @precondition(lambda self: any(one.up for one in self.lost))
    @rule()
    def arrive_late(self) -> None:
        self._receive(next(one for one in self.lost if one.up))

    def _receive(self, connection: Connection) -> None:
        message, state = connection.up.popleft(), connection.session
        op = state.receive(message, self.now)
        if op is not None:
            state.queue.append(op)
        if not state.is_running and state.needs_flush and connection.worker.session is state:
            connection.worker.flush(self.now)

    @precondition(lambda self: self._can_step(self.worker))
    @rule()
    def step(self) -> None:
        """Begin an op, or end the one that is running."""
        self._step(self.worker)

    @precondition(lambda self: any(map(self._can_step, self.former)))
    @rule()
    def step_of_a_former_worker(self) -> None:
        self._step(next(one for one in self.former if self._can_step(one)))

    def _can_step(self, worker: Worker) -> bool:
        state = worker.session
        return state is not None and (state.is_running or bool(state.queue))

    def _step(self, worker: Worker) -> None:
        if worker.job is None:
            worker.begin_op()
        else:
            worker.end_op(self.now)

    @precondition(lambda self: self.worker.session is not None)
    @rule(merges=st.booleans())
    def push(self, merges: bool) -> None:
        assert self.worker.session is not None
        self.worker.session.queue.append(ServerOp(_nothing, merges=merges))

    @precondition(lambda self: self.worker.session is not None and self.worker.streaming)
    @rule()
    def end_stream(self) -> None:
        self.worker.end_stream()

    @rule(seconds=st.sampled_from([0.5, 5.0, 20.0, 100.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for worker in (self.worker, *self.former):
            worker.maintain(self.now)

    @rule(moment=st.sampled_from(["", "before storing", "before sending"]))
    def kill(self, moment: str) -> None:
        if self.worker.job is not None and moment:
            self.worker.end_op(self.now, moment)
        self._replace()

    @precondition(lambda self: self.worker.session is not None)
    @rule()
    def restart(self) -> None:
        """Shut the worker down in order."""
        state = self.worker.session
        assert state is not None
        if state.is_attached:
            state.detached(self.now)
        if not state.is_over:
            self.worker.save()
        self._replace()

    def _replace(self) -> None:
        worker, self.worker = self.worker, Worker(self.live, self.store, self.ran)
        self.lost = [one for one in self.lost if one.worker is not worker]
        if self.connection is not None and self.connection.worker is worker:
            self.connection = None

    @rule(steps=st.integers(1, 20), is_slow=st.booleans())
    def go_on(self, steps: int, is_slow: bool) -> None:
        """Let things take their course for a while. Frames to a slow client don't arrive meanwhile."""
        for _ in range(steps):
            self._go_on(is_slow)

    def _go_on(self, is_slow: bool = False) -> bool:
        """Do the first of what can be done; return False if there was nothing."""
        if self.connection is None or self.connection.is_closed:
            self.connect()
        elif not self.connection.is_welcomed:
            self.welcome()
        elif self.connection.down and not (is_slow and self.connection.is_open):
            self.arrive_at_client()
        elif self.connection.up:
            self.arrive_at_worker()
        elif self._can_step(self.worker):
            self.step()
        elif self.client.due_numbers():
            self.send()
        else:
            return False
        return True

    # What holds

    @invariant()
    def no_op_runs_twice(self) -> None:
        assert len(self.ran) == len(set(self.ran))

    @invariant()
    def nothing_that_was_acknowledged_is_lost(self) -> None:
        if self.worker.session is not None and self.worker.session.token == self.client.token:
            page = self.worker.session.page
            assert isinstance(page, Log)
            assert {str(n) for n, status in self.client.ended.items() if status == wire.OK} <= {*page.words}

    @invariant()
    def events_are_dispatched_once(self) -> None:
        assert len(self.client.events) == len(set(self.client.events))

    def teardown(self) -> None:
        """At last, everything arrives: the client shows the server's page."""
        for _ in range(PATIENCE):
            if not (self._go_on() or self._finish()):
                break
            self.worker.maintain(self.now)
        else:
            raise AssertionError("this goes on for ever")
        state, client = self.worker.session, self.client
        assert state is not None and isinstance(state.page, Log)
        html = html_of(self.live, state.page, state.page.__fragment__(None))
        assert str(client.document) == str(Document(html))
        assert sorted(client.ended) == list(range(1, client.last + 1))
        counts = {n: state.page.words.count(str(n)) for n in client.ended}
        for n, status in client.ended.items():
            assert counts[n] in {wire.OK: {1}, wire.ERROR: {0}, wire.UNCERTAIN: {0, 1}}[status]
        assert {str(n) for n, status in client.ended.items() if status == wire.OK} <= {*client.events}
        assert [n for n in self.ran if counts[n]] == [n for n in map(_number, state.page.words) if n]

    def _finish(self) -> bool:
        """Do what nothing else depends on; return False if nothing was left to do."""
        assert self.connection is not None
        if self.worker.streaming:
            self.end_stream()
        elif self.connection.session.op_log.shown < self.client.rev:
            self.acknowledge(0)
        else:
            return False
        return True


def _number(word: str) -> int:
    return int(word) if word.isdigit() else 0


def test_histories() -> None:
    run_state_machine_as_test(Histories, settings=settings(one_in(2), stateful_step_count=40))


def test_a_page_that_has_missed_another_template_gets_the_whole_page() -> None:
    before, since = (
        rendered(f"<title>{{{{ a }}}}</title><{tag}>{{{{ b }}}}</{tag}>") for tag in ("p", "div")
    )
    history = RenderHistory()
    for rev, fragment in enumerate([before, before, since, since]):
        history.record(rev, fragment)
    shape, digest = history.root_digests()
    stored = Snapshot("/log", None, 3, shape=shape, digest=digest, shape_since=history.shape_since)
    for rev, is_whole in enumerate([True, True, False, False]):
        hello = Hello("/log", None, "token", rev, 0)
        _, elsewhere = restore_logs(unpack(pack(stored)), hello, outdated=False)
        assert (elsewhere.change(since) == {"page": ""}) is is_whole
        elsewhere.record(3, since)
        assert elsewhere.shape_since == (3 if is_whole else 2)


def rendered(template: str) -> Fragment:
    environment = Environment(loader=DictLoader({"page.html": template}), autoescape=True)
    return Templates(environment).view("page.html").render({"a": "1", "b": "2"})


def detached() -> SessionState:
    """A session that has no connection yet."""
    page = opened(LIVE)
    history = RenderHistory()
    history.record(0, page.__fragment__(None))
    state = SessionState(
        LIVE.site,
        page,
        LIVE.site.routes[0],
        identity="",
        token="token",
        op_log=OpLog(),
        history=history,
        data=encode_state(page),
    )
    return state


def attached() -> SessionState:
    state = detached()
    join(state)
    state.attached()
    return state


def join(state: SessionState) -> None:
    hello = Hello("/log", None, "token", 0, 0)
    state.joining(hello, "", 0.0)
    assert state.welcome(state.history.newest)


@pytest.mark.parametrize(
    ("call", "sides"),
    [
        (lambda: detached().attached(), ("detached", "attached")),
        (lambda: attached().attached(), ("attached", "attached")),
        (lambda: detached().welcome(None), ("detached", "joining")),
        (lambda: ended()._become(State.ATTACHED), ("over", "attached")),
        (lambda: detached().next_op(), ("resting", "running")),
        (lambda: detached().rest(), ("resting", "resting")),
        (lambda: begin(begun()), ("running", "running")),
    ],
)
def test_an_illegal_transition_names_both_sides(call: Callable[[], object], sides: tuple[str, str]) -> None:
    with pytest.raises(IllegalTransition) as error:
        call()
    before, after = sides
    assert f"from {before} to {after}" in str(error.value)


def ended() -> SessionState:
    state = attached()
    state.end()
    return state


def begun() -> SessionState:
    state = attached()
    begin(state)
    return state


def begin(state: SessionState) -> None:
    state.begin()


def test_nobody_joins_a_session_that_is_over() -> None:
    with pytest.raises(ProtocolError, match="ended"):
        ended().joining(Hello("/log", None, "token", 0, 0), "", 0.0)


def test_what_a_lost_connection_delivers_late_is_ignored() -> None:
    state = attached()
    state.detached(0.0)
    assert state.receive(CallFunction(1, 0, "add", {}), 0.0) is None
    assert state.op_log.last == 0


def test_a_connection_that_has_no_welcome_yet_is_not_blamed_for_its_silence() -> None:
    state = attached()
    log = state.page
    assert isinstance(log, Log)
    log.words.append("one")
    state.rendered(log.__fragment__(state.history.newest), encode_state(log), is_refused=False)
    state.completed(ServerOp(_nothing), DONE)
    assert state.frame(0.0)
    limits = LIVE.site.limits
    late = limits.silent + 1
    assert state.due(late, limits) is Due.DISCONNECT
    state.joining(Hello("/log", None, "token", 0, 0), "", late)
    assert state.due(late, limits) is not Due.DISCONNECT


def test_frames_wait_for_the_welcome() -> None:
    state = attached()
    state.completed(ServerOp(_nothing), DONE)
    assert state.can_send
    state.joining(Hello("/log", None, "token", 0, 0), "", 0.0)
    assert not state.can_send


def test_a_frame_says_what_to_store() -> None:
    state = attached()
    state.completed(ServerOp(_nothing), DONE)
    frame = state.frame(0.0)
    assert frame is not None and frame.snapshot is not None
    assert state.due(0.0, LIVE.site.limits) is None


def test_a_snapshot_is_at_rest_only_while_nothing_can_run() -> None:
    state = attached()
    assert not state.snapshot().at_rest
    state.detached(0.0)
    assert state.snapshot().at_rest
    state.begin()
    assert not state.snapshot().at_rest


def test_a_frame_with_a_new_revision_is_stored_even_if_nothing_else_has_changed() -> None:
    state = attached()
    log = state.page
    assert isinstance(log, Log)
    log.words.append("one")
    state.rendered(log.__fragment__(state.history.newest), encode_state(log), is_refused=False)
    state.completed(ServerOp(_nothing), DONE)
    state.snapshot()
    frame = state.frame(0.0)
    assert frame is not None and frame.snapshot is not None and frame.snapshot.rev == 1


def test_ops_stay_uncertain_if_the_session_ends_before_its_welcome() -> None:
    state = detached()
    state.joining(Hello("/log", None, "token", 0, 2), "rebuilt", 0.0)
    state.detached(0.0)
    assert not state.snapshot().at_rest
