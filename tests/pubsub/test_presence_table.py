"""The table of who is here, on several replicas that messages of the others reach late, twice or never."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from liveactions.pubsub.presence_table import ASK_AGAIN, EXPECTED, LEASE, STALL, PresenceTable

LOST, GOODBYE = 3.0, 0.6
"""Seconds that entries stay after a lost link, and after a page was left."""


class Worker:
    """A replica, what it has read, and its clocks."""

    def __init__(self, name: str, cluster: Cluster) -> None:
        self.table = PresenceTable(name)
        self.cluster = cluster
        self.read_to = len(cluster.log)
        self.offset = 1000.0 * len(cluster.workers)
        self.wall_offset = 0.0
        self.is_stopped = False
        self.table.ask()

    @property
    def now(self) -> float:
        return self.cluster.now + self.offset

    @property
    def wall(self) -> int:
        return round((self.cluster.now + self.wall_offset) * 1000)

    def speak(self) -> None:
        while (message := self.table.take_message()) is not None:
            self.cluster.log.append((self.table.replica, json.dumps(message)))

    def receive(self, index: int) -> None:
        name, text = self.cluster.log[index]
        self.table.receive(name, json.loads(text), self.now)

    def read(self, most: int | None = None) -> None:
        until = len(self.cluster.log) if most is None else min(len(self.cluster.log), self.read_to + most)
        while self.read_to < until:
            self.read_to += 1
            self.receive(self.read_to - 1)

    def tick(self, is_receiving: bool = True) -> None:
        self.table.tick(self.now, is_receiving)
        self.speak()

    def enter(self, tab: str, who: str, topic: str = "room", turn: int = 0, data: Any = None) -> None:
        self.table.enter(tab, topic, who, "who", data or who, turn=turn, wall=self.wall)
        self.speak()

    def leave(self, tab: str, seconds: float = 0.0) -> None:
        self.table.leave(tab, self.now + seconds)
        self.table.depart(self.now)
        self.speak()

    def people(self, topic: str = "room") -> list[str]:
        return [one.key for one in self.table.present(topic)]


class Cluster:
    """Workers, and all that they have said to each other, in one order."""

    def __init__(self, count: int = 2) -> None:
        self.now = 0.0
        self.tenths = 0
        self.log: list[tuple[str, str]] = []
        self.workers: list[Worker] = []
        self.born = 0
        for _ in range(count):
            self.workers.append(self.new_worker())
        self.settle(1)

    def new_worker(self) -> Worker:
        self.born += 1
        return Worker(f"w{self.born}", self)

    def kill(self, worker: Worker) -> None:
        """The process ends at once, and another one begins in its place."""
        self.workers[self.workers.index(worker)] = self.new_worker()

    def deliver(self) -> None:
        """Everybody reads until nobody has anything to say."""
        while True:
            for worker in self.workers:
                worker.read()
                worker.speak()
            if all(worker.read_to == len(self.log) for worker in self.workers):
                return

    def settle(self, seconds: float) -> None:
        """Time passes, and everything arrives."""
        for _ in range(round(seconds * 10)):
            self.tenths += 1
            self.now += 0.1
            for worker in self.workers:
                worker.table.depart(worker.now)
                if self.tenths % 10 == 0:
                    worker.read()
                    worker.tick()
                worker.speak()
            self.deliver()


def pair() -> tuple[Cluster, Worker, Worker]:
    cluster = Cluster()
    return cluster, *cluster.workers  # type: ignore[return-value]


def test_everybody_knows_who_comes_and_leaves() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.now += 1
    two.enter("t2", "bob")
    cluster.deliver()
    assert one.people() == two.people() == ["ada", "bob"]
    one.leave("t1")
    cluster.deliver()
    assert one.people() == two.people() == ["bob"]
    assert two.people("elsewhere") == []


def test_several_tabs_are_one_person_where_they_first_came() -> None:
    cluster, one, two = pair()
    for time, (worker, tab, who) in enumerate([(one, "t1", "ada"), (one, "t2", "bob"), (two, "t3", "ada")]):
        cluster.now = float(time)
        worker.enter(tab, who)
        cluster.deliver()
    assert one.table.take_changes() and two.table.take_changes()
    one.leave("t1")
    cluster.deliver()
    assert one.people() == two.people() == ["ada", "bob"]
    assert not one.table.take_changes() and not two.table.take_changes()
    two.leave("t3")
    cluster.deliver()
    assert one.people() == two.people() == ["bob"]
    assert one.table.take_changes() == two.table.take_changes() == {"room"}


def test_the_newest_data_of_a_person_counts() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada", data="Ada")
    cluster.now += 1
    two.enter("t2", "ada", data="Ada L.")
    cluster.deliver()
    assert [worker.table.present("room")[0].data for worker in cluster.workers] == ["Ada L."] * 2
    one.wall_offset = -60.0
    one.enter("t1", "ada", data="Ada K.")
    cluster.deliver()
    assert [worker.table.present("room")[0].data for worker in cluster.workers] == ["Ada K."] * 2


def test_nothing_is_said_again_that_is_known() -> None:
    cluster, one, _ = pair()
    one.enter("t1", "ada")
    said = len(cluster.log)
    one.enter("t1", "ada")
    assert len(cluster.log) == said


def test_who_is_elsewhere_now_leaves_the_former_place() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    one.enter("t1", "ada", topic="kitchen")
    cluster.deliver()
    assert [(each.people(), each.people("kitchen")) for each in (one, two)] == [([], ["ada"])] * 2


def test_a_lost_link_isn_t_noticed_when_the_tab_comes_back() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.deliver()
    two.table.take_changes()
    one.leave("t1", LOST)
    cluster.settle(LOST - 0.5)
    one.enter("t1", "ada")
    cluster.settle(2 * LOST)
    assert two.people() == ["ada"] and not two.table.take_changes()


def test_a_link_that_stays_lost_ends_in_time() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    one.leave("t1", LOST)
    one.leave("t1", 2 * LOST)
    cluster.settle(LOST - 0.2)
    assert two.people() == ["ada"] and one.table.next_departure is not None
    cluster.settle(0.3)
    assert two.people() == [] and one.table.next_departure is None


def test_a_page_that_another_worker_has_taken_over_is_never_missing() -> None:
    cluster, one, two = pair()
    third = cluster.new_worker()
    cluster.workers.append(third)
    one.enter("t1", "ada")
    cluster.settle(1)
    third.table.take_changes()
    one.leave("t1", LOST)
    two.enter("t1", "ada", turn=1)
    cluster.settle(2 * LOST)
    assert third.people() == ["ada"] and not third.table.take_changes()
    two.leave("t1")
    cluster.deliver()
    assert one.people() == two.people() == third.people() == []


def test_a_page_that_moves_away_from_a_killed_worker_leaves_nothing_behind() -> None:
    cluster, one, two = pair()
    third = cluster.new_worker()
    cluster.workers.append(third)
    one.enter("t1", "ada")
    cluster.settle(1)
    cluster.kill(one)
    two.enter("t1", "ada", turn=1)
    cluster.deliver()
    two.leave("t1")
    cluster.deliver()
    assert two.people() == third.people() == []


def test_entries_of_a_former_turn_don_t_come_back_with_a_late_table() -> None:
    cluster, one, two = pair()
    third = cluster.new_worker()
    cluster.workers.append(third)
    one.enter("t1", "ada")
    cluster.deliver()
    two.enter("t1", "ada", turn=1)
    third.table.ask()
    third.speak()
    one.table.receive(third.table.replica, {"v": 0, "ask": None}, one.now)
    one.speak()  # its whole table, before it has heard that the page has moved
    third.read()
    assert third.people() == ["ada"]
    two.leave("t1")
    third.read()
    assert third.people() == []


def test_who_asks_for_the_page_again_stays_until_it_is_connected() -> None:
    cluster, one, two = pair()
    for worker in (one, two):
        one.enter("t1", "ada")
        cluster.settle(1)
        two.table.take_changes()
        worker.table.expect("room", "ada", worker.now)  # browsers leave a page when the next one's HTML comes
        worker.speak()
        cluster.deliver()
        one.leave("t1", GOODBYE)
        cluster.settle(EXPECTED - 0.5)
        assert two.people() == ["ada"] and not two.table.take_changes()
        worker.enter("t2", "ada")
        cluster.settle(0.2)
        assert one.table.next_departure is None and not two.table.take_changes()
        worker.leave("t2", GOODBYE)
        cluster.settle(1)
        assert two.people() == []
        one.enter("t1", "ada")
        cluster.deliver()
        one.leave("t1", GOODBYE)
        worker.table.expect("room", "ada", worker.now)
        worker.speak()
        cluster.settle(EXPECTED - 0.5)
        assert two.people() == ["ada"]
        cluster.settle(1)
        assert two.people() == []


def test_a_killed_worker_s_people_are_gone_after_the_lease() -> None:
    cluster, one, two = pair()
    for number in range(20):
        one.enter(f"t{number}", f"p{number:02}")
    two.enter("mine", "me")
    cluster.settle(2)
    cluster.kill(one)
    cluster.settle(LEASE - 1.5)
    assert len(two.people()) == 21
    cluster.settle(3)
    assert two.people() == ["me"]
    assert two.table.take_changes() == {"room"}


def test_who_is_heard_again_after_the_lease_is_back() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.settle(1)
    one.is_stopped = True
    for _ in range(8):
        cluster.now += 1
        two.read()
        two.tick()
    assert two.people() == []
    cluster.settle(1)
    assert two.people() == ["ada"]


def test_who_was_deaf_drops_nobody() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.settle(1)
    two.table.take_changes()
    for _ in range(30):  # its broker is away
        cluster.now += 1
        one.tick()
        two.tick(is_receiving=False)
    assert two.people() == ["ada"]
    cluster.settle(1)
    cluster.now += 60  # its process was stopped
    one.tick()
    two.tick()
    assert two.people() == ["ada"]
    two.read()
    for _ in range(8):
        cluster.settle(1)
    assert two.people() == ["ada"] and not two.table.take_changes()


def test_who_was_deaf_drops_the_dead_soon() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.settle(1)
    cluster.kill(one)
    cluster.now += 60
    two.tick()
    assert two.people() == ["ada"]
    cluster.settle(STALL + 1.1)
    assert two.people() == []


def test_what_was_lost_is_asked_for() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    one.enter("t2", "bob")
    two.read_to += 1
    cluster.deliver()
    assert two.people() == ["ada", "bob"]
    one.leave("t1")
    two.read_to = len(cluster.log)
    assert two.people() == ["ada", "bob"]
    cluster.settle(1)  # a heartbeat shows it
    assert two.people() == ["bob"]


def test_a_replica_that_doesn_t_answer_is_asked_again() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    one.enter("t2", "bob")
    two.read_to = len(cluster.log)
    cluster.now += 1
    one.tick()
    two.read()
    two.speak()
    one.read_to = len(cluster.log)  # the question is lost
    one.tick()
    two.read()
    assert not two.table.has_message
    cluster.now += ASK_AGAIN
    one.tick()
    cluster.deliver()
    assert two.people() == ["ada", "bob"]


def test_a_new_worker_knows_everybody_at_once() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    cluster.now += 1
    two.enter("t2", "bob")
    cluster.settle(60)
    third = cluster.new_worker()
    cluster.workers.append(third)
    third.speak()
    cluster.deliver()
    assert third.people() == ["ada", "bob"]


def test_messages_may_come_twice() -> None:
    cluster, one, two = pair()
    one.enter("t1", "ada")
    one.enter("t2", "bob")
    one.leave("t1")
    cluster.deliver()
    for index in reversed(range(len(cluster.log))):
        two.receive(index)
    two.speak()
    cluster.deliver()
    assert two.people() == ["bob"]


def test_who_has_nobody_says_nothing() -> None:
    cluster, one, _ = pair()
    cluster.settle(3)
    said = len(cluster.log)
    one.enter("t1", "ada")
    one.leave("t1")
    cluster.settle(10)
    assert len(cluster.log) == said + 2
    one.enter("t1", "ada")
    cluster.deliver()
    assert len(cluster.log) == said + 3  # nobody has to ask


def test_nothing_is_kept_of_those_who_are_gone() -> None:
    cluster, one, two = pair()
    for number in range(50):
        one.enter(f"t{number}", f"p{number}", topic=f"room{number}")
        one.leave(f"t{number}", 0.5)
    cluster.settle(2 * LEASE)
    for worker in (one, two):
        assert not worker.table.take_changes()
        left = {name: value for name, value in vars(worker.table).items() if isinstance(value, dict)}
        assert not any(left.values()), left


# Whatever happens


@dataclass
class Tab:
    """What a browser knows of its own page."""

    worker: Worker | None
    turn: int
    topic: str
    who: str
    until: float | None = None
    """When it counts as gone, after it has lost its link."""


TABS = st.sampled_from(["t1", "t2", "t3", "t4"])
TOPICS = st.sampled_from(["red", "blue"])
PEOPLE = st.sampled_from(["ada", "bob", "eve"])


class Histories(RuleBasedStateMachine):
    """Whatever is lost, repeated, killed or stopped: afterwards, all see those who are there."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(0)
        self.tabs: dict[str, Tab] = {}

    @initialize(count=st.integers(2, 4))
    def begin(self, count: int) -> None:
        for _ in range(count):
            self.cluster.workers.append(self.cluster.new_worker())

    def worker(self, number: int) -> Worker:
        return self.cluster.workers[number % len(self.cluster.workers)]

    @rule(tab=TABS, number=st.integers(0, 3), topic=TOPICS, who=PEOPLE, is_noticed=st.booleans())
    def show(self, tab: str, number: int, topic: str, who: str, is_noticed: bool) -> None:
        """A tab connects, or shows something else, at any worker: a new one claims its page. The former one
        notices that the link is lost, before or after.
        """
        worker, old = self.worker(number), self.tabs.get(tab)
        turn = 0 if old is None else old.turn + (old.worker is not worker)
        former = None if old is None or old.worker is worker else old.worker
        self.tabs[tab] = Tab(worker, turn, topic, who)
        if former is not None and is_noticed:
            former.leave(tab, LOST)
        worker.enter(tab, who, topic, turn)
        if former is not None and not is_noticed:
            former.leave(tab, LOST)

    @precondition(lambda self: self.tabs)
    @rule(tab=TABS, seconds=st.sampled_from([0.0, GOODBYE, LOST]))
    def leave(self, tab: str, seconds: float) -> None:
        """A tab is closed, or loses its link."""
        known = self.tabs.get(tab)
        if known is not None and known.worker is not None and known.until is None:
            known.until = self.cluster.now + seconds
            known.worker.leave(tab, seconds)

    @rule(number=st.integers(0, 3), topic=TOPICS, who=PEOPLE)
    def ask_for_the_page(self, number: int, topic: str, who: str) -> None:
        worker = self.worker(number)
        worker.table.expect(topic, who, worker.now)
        worker.speak()

    @rule(number=st.integers(0, 3), most=st.integers(1, 5))
    def read(self, number: int, most: int) -> None:
        worker = self.worker(number)
        worker.read(most)
        worker.speak()

    @rule(number=st.integers(0, 3), count=st.integers(1, 5), is_told=st.booleans())
    def miss(self, number: int, count: int, is_told: bool) -> None:
        """Messages are lost: the broker says so, or doesn't."""
        worker = self.worker(number)
        worker.read_to = min(len(self.cluster.log), worker.read_to + count)
        if is_told:
            worker.table.ask()
        worker.speak()

    @rule(number=st.integers(0, 3), back=st.integers(1, 4))
    def hear_again(self, number: int, back: int) -> None:
        worker = self.worker(number)
        for index in range(max(0, worker.read_to - back), worker.read_to):
            worker.receive(index)
        worker.speak()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 1.0, 3.0, 7.0]), is_receiving=st.booleans())
    def wait(self, seconds: float, is_receiving: bool) -> None:
        """Time passes for all, and whoever isn't stopped notices."""
        self.cluster.now += seconds
        for worker in self.cluster.workers:
            if not worker.is_stopped:
                worker.tick(is_receiving)

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0]))
    def settle(self, seconds: float) -> None:
        if not any(worker.is_stopped for worker in self.cluster.workers):
            self.cluster.settle(seconds)

    @rule(number=st.integers(0, 3))
    def stop_or_go_on(self, number: int) -> None:
        self.worker(number).is_stopped ^= True

    @rule(number=st.integers(0, 3), seconds=st.sampled_from([-3600.0, -1.0, 1.0, 3600.0]))
    def set_the_clock(self, number: int, seconds: float) -> None:
        self.worker(number).wall_offset += seconds

    @rule(number=st.integers(0, 3))
    def kill(self, number: int) -> None:
        worker = self.worker(number)
        self.cluster.kill(worker)
        for tab in self.tabs.values():
            if tab.worker is worker:
                tab.worker = None

    def teardown(self) -> None:
        for worker in self.cluster.workers:
            worker.is_stopped = False
        self.cluster.settle(2 * LEASE)
        for topic in ("red", "blue"):
            here = {
                tab.who
                for tab in self.tabs.values()
                if tab.worker is not None and tab.topic == topic and tab.until is None
            }
            lists = [worker.table.present(topic) for worker in self.cluster.workers]
            assert all(shown == lists[0] for shown in lists), lists
            assert not lists or {one.key for one in lists[0]} == here, (here, lists)
            assert not lists or len(lists[0]) == len(here)


def test_histories() -> None:
    run_state_machine_as_test(Histories)


Step = tuple[str, int, float]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["reload", "reconnect", "second tab", "close second"]),
            st.integers(0, 2),
            st.floats(0.0, 0.5),
        ),
        max_size=12,
    ),
    skews=st.lists(st.floats(-60.0, 60.0), min_size=3, max_size=3),
)
def test_nobody_flickers(steps: list[Step], skews: list[float]) -> None:
    """Who reloads, reconnects elsewhere, or closes one of several tabs is always here for everybody, in their
    place in the list, after each single message.
    """
    cluster = Cluster(3)
    for worker, skew in zip(cluster.workers, skews, strict=True):
        worker.wall_offset = skew
    cluster.workers[0].enter("first", "ada")
    cluster.settle(1)
    cluster.workers[1].enter("other", "bob")
    cluster.settle(1)
    order = cluster.workers[0].people()
    tab, turn, home, second = "first", 0, cluster.workers[0], None
    for worker in cluster.workers:
        worker.table.take_changes()

    def pass_on(seconds: float) -> None:
        cluster.now += seconds
        for worker in cluster.workers:
            worker.table.depart(worker.now)
            worker.speak()
        while any(worker.read_to < len(cluster.log) for worker in cluster.workers):
            for worker in cluster.workers:
                worker.read(1)
                assert worker.people() == order and not worker.table.take_changes()
                worker.speak()

    for number, (what, where, seconds) in enumerate(steps):
        there = cluster.workers[where]
        if what == "reload":
            home.leave(tab, GOODBYE)
            pass_on(seconds)
            tab, turn, home = f"tab {number}", 0, there
            home.enter(tab, "ada")
        elif what == "reconnect":
            home.leave(tab, LOST)
            pass_on(seconds)
            turn += home is not there
            home = there
            home.enter(tab, "ada", turn=turn)
        elif what == "second tab" and second is None:
            second = there
            there.enter("second", "ada", turn=number)
        elif second is not None:
            second.leave("second")
            second = None
        pass_on(seconds)
    for _ in range(8):
        for worker in cluster.workers:
            worker.tick()
        pass_on(1.0)
