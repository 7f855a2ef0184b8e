"""Who is here: a replicated table, as a state machine without I/O.

Each worker is a *replica*. It owns the entries of the pages that are open in it, numbers its changes, and
sends them to the others. Each replica has copies of the others' entries. Times are arguments.

Theory of operation
-------------------
*Entries.* An entry is a person in a topic, as declared by one tab. Entries with the same topic and key are
the same person.

*Versions.* A replica's version is the number of changes that it has made. A message with changes has the
version before them and the version after them. A replica whose copy has neither version has missed changes,
and requests the sender's whole table. Heartbeats have the version, too, so that lost messages are noticed.

*Leases.* A replica that has sent nothing for `LEASE` seconds is dropped with its entries: its process was
killed, or its machine is unreachable. If messages arrive from it again, its table is requested. A replica
that itself received nothing at all, because it was stopped or is cut off, drops no others.

*Departures.* An entry whose tab was closed or has lost its connection stays for a moment, because the tab may
reconnect, here or at another replica, or the page may be reloaded. A visitor who has just requested the
page's HTML is expected, and stays until the new page is connected. A page that moves to another replica gets
a higher *turn*. Its entries of earlier turns no longer count, and their owners remove them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, Final, NamedTuple

from ..protocol.constants import SOCKET_WAIT

LEASE: Final = 5.0
"""Seconds without a message after which a replica is considered dead."""
STALL: Final = 2.5
"""Seconds between two ticks above which a replica may itself have been stopped. It then gives the others as
many seconds to send messages.
"""
EXPECTED: Final = SOCKET_WAIT + 4.0
"""Seconds for which a visitor who has requested a page is expected: loading it, and falling back from a
socket.
"""
ASK_AGAIN: Final = 0.5
"""Seconds after which a table is requested again, if the replica hasn't sent it, but sends other messages."""


class Entry(NamedTuple):
    """A person in a topic, as declared by one tab. All fields can be represented in JSON."""

    id: str
    """Identifies the declaration of a tab. It is the same in all replicas that have the page in turn."""
    turn: int
    """Increases with each replica that takes the page over."""
    topic: str
    key: str
    """The person: entries with the same key belong to one."""
    kind: str
    """The type of `data`."""
    data: Any
    since: int
    """When the person arrived, in milliseconds of the wall clock. Only used to sort."""
    at: int
    """When `data` was set, in milliseconds of the wall clock. The newest value counts."""


class Replica:
    """The known entries of another replica."""

    def __init__(self, now: float) -> None:
        self.version = 0
        self.entries: dict[str, Entry] = {}
        self.last_received = now


Shown = tuple[int, str, Any] | None
"""How a person is shown: arrival, type of the data, and data. None if they aren't here."""


class PresenceTable:
    """One replica's copy of the table."""

    def __init__(self, replica: str) -> None:
        self.replica = replica
        """The unique name of this replica."""
        self._own: dict[str, Entry] = {}
        self._version = 0
        self._sent = 0
        """The version that was sent to the others."""
        self._unsent: dict[str, Entry | None] = {}
        self._departures: dict[str, float] = {}
        """When entries of this replica leave, by id."""
        self._expected: dict[tuple[str, str], float] = {}
        """Until when people of this replica are expected, by topic and key."""
        self._announced: list[tuple[str, str]] = []
        """Expected people with entries in other replicas, which must be notified."""
        self._others: dict[str, Replica] = {}
        self._topics: dict[str, dict[str, dict[tuple[str, str], Entry]]] = {}
        """Entries by topic, key, and replica with id."""
        self._ids: dict[str, dict[str, Entry]] = {}
        """Entries by id and replica."""
        self._before: dict[tuple[str, str], Shown] = {}
        """How people who have changed were shown before."""
        self._ticked: float | None = None
        self._is_beating = False
        """Whether a heartbeat is due."""
        self._is_asked = False
        """Whether another replica has requested the whole table."""
        self._asks_all = False
        """Whether to request the tables of all others."""
        self._asks: set[str] = set()
        """The replicas whose tables to request."""
        self._asked: dict[str, float] = {}
        """When tables were requested, by replica."""

    # Entries of this replica

    def enter(
        self, id: str, topic: str, key: str, kind: str, data: Any, *, turn: int = 0, wall: int = 0
    ) -> None:
        """Add or change an entry of this replica, and cancel its departure. `wall`: milliseconds."""
        self._departures.pop(id, None)
        old = self._own.get(id)
        if old is not None and (old.turn, *old[2:6]) == (turn, topic, key, kind, data):
            return
        here = self._topics.get(topic, {}).get(key, {}).values()
        since = min((one.since for one in here), default=wall)
        at = max((wall, *(one.at + 1 for one in here)))
        entry = Entry(id, turn, topic, key, kind, data, since, at)
        if not self._is_superseded(entry):
            self._change(id, entry)
            self._supersede(entry)
            self._end_departures(entry)

    def leave(self, id: str, at: float) -> None:
        """Schedule the departure of an entry of this replica, unless it is expected or entered again."""
        entry = self._own.get(id)
        if entry is not None:
            at = max(at, self._expected.get((entry.topic, entry.key), at))
            self._departures[id] = min(at, self._departures.get(id, at))

    def expect(self, topic: str, key: str, now: float) -> None:
        """Expect a person of a topic, who has requested a page that is about to connect."""
        owners = {owner for owner, _ in self._topics.get(topic, {}).get(key, ())}
        if owners - {self.replica}:
            self._announced.append((topic, key))
        self._stay(topic, key, now)

    def _stay(self, topic: str, key: str, now: float) -> None:
        for id in self._tabs_of(topic, key):
            until = self._expected[topic, key] = now + EXPECTED
            if id in self._departures:
                self._departures[id] = max(until, self._departures[id])

    def _end_departures(self, entry: Entry) -> None:
        """Remove the entries of a person that are about to leave, because there is a new one."""
        self._expected.pop((entry.topic, entry.key), None)
        for id in self._tabs_of(entry.topic, entry.key):
            if id in self._departures:
                self._departures[id] = -inf

    def _tabs_of(self, topic: str, key: str) -> list[str]:
        """Return the ids of this replica's entries of a person."""
        return [id for owner, id in self._topics.get(topic, {}).get(key, ()) if owner == self.replica]

    @property
    def next_departure(self) -> float | None:
        """When the next entry leaves."""
        return min(self._departures.values(), default=None)

    def _change(self, id: str, entry: Entry | None) -> None:
        """Set or remove an entry of this replica, as a change to send."""
        self._version += 1
        self._unsent[id] = entry
        if entry is None:
            self._departures.pop(id, None)
        self._put(self.replica, self._own, id, entry)

    # Time

    def depart(self, now: float) -> None:
        """Remove the entries that are due to leave."""
        for id in [id for id, at in self._departures.items() if at <= now]:
            self._change(id, None)

    def tick(self, now: float, is_receiving: bool = True) -> None:
        """Remove entries whose visitor or replica is gone, and schedule a heartbeat. Call this every second.

        `is_receiving`: whether messages of other replicas can be received.
        """
        self.depart(now)
        self._is_beating = True
        was_cut_off = not is_receiving or self._ticked is None or now - self._ticked > STALL
        self._ticked = now
        for name, other in list(self._others.items()):
            if was_cut_off:
                other.last_received = max(other.last_received, now - LEASE + STALL)
            if now - other.last_received > LEASE:
                del self._others[name]
                for id in list(other.entries):
                    self._put(name, other.entries, id, None)
        self._expected = {of: until for of, until in self._expected.items() if until > now}
        self._asked = {name: at for name, at in self._asked.items() if now - at < LEASE}

    # Messages between replicas

    def ask(self) -> None:
        """Request the tables of all other replicas, because messages may have been lost."""
        self._asks_all = True

    @property
    def has_message(self) -> bool:
        """Whether there is a message to send."""
        is_beating = self._is_beating and self._own
        is_asking = self._asks_all or self._asks
        return bool(self._is_asked or self._unsent or is_beating or is_asking or self._announced)

    def take_message(self) -> dict[str, Any] | None:
        """Return the next message to the other replicas; None if there is none."""
        if not self.has_message:
            return None
        message: dict[str, Any] = {"v": self._version}
        if self._is_asked or (self._unsent and self._own.keys() <= self._unsent.keys()):
            message["all"] = list(self._own.values())
        elif self._unsent:
            message["from"] = self._sent
            message["set"] = [one for one in self._unsent.values() if one is not None]
            message["del"] = [id for id, one in self._unsent.items() if one is None]
        if self._asks_all:
            message["ask"] = None
        elif self._asks:
            message["ask"] = sorted(self._asks)
        if self._announced:
            message["expect"] = self._announced[:]
        self._sent = self._version
        self._unsent.clear()
        self._announced.clear()
        self._asks.clear()
        self._is_beating = self._is_asked = self._asks_all = False
        return message

    def receive(self, name: str, message: Mapping[str, Any], now: float) -> None:
        """Process a message of a replica, including those of this one."""
        if name == self.replica:
            return
        asked = message.get("ask", ())
        for topic, key in message.get("expect", ()):
            self._stay(topic, key, now)
        self._is_asked |= self._version > 0 and (asked is None or self.replica in asked)
        other, version = self._others.get(name), message["v"]
        if other is not None:
            other.last_received = now
        known = 0 if other is None else other.version
        if "all" in message:
            if version >= known:
                self._replace(name, version, [Entry(*row) for row in message["all"]], now)
        elif version > known and message.get("from") == known:
            other = self._others.setdefault(name, Replica(now))
            other.version = version
            for row in message["set"]:
                self._take(name, other, Entry(*row))
            for id in message["del"]:
                self._put(name, other.entries, id, None)
        elif version > known and now - self._asked.get(name, now - ASK_AGAIN) >= ASK_AGAIN:
            self._asked[name] = now
            self._asks.add(name)

    def _replace(self, name: str, version: int, entries: list[Entry], now: float) -> None:
        other = self._others.setdefault(name, Replica(now))
        other.version = version
        self._asked.pop(name, None)
        for entry in entries:
            self._take(name, other, entry)
        for id in other.entries.keys() - {entry.id for entry in entries}:
            self._put(name, other.entries, id, None)

    def _take(self, name: str, other: Replica, entry: Entry) -> None:
        if self._is_superseded(entry):
            self._put(name, other.entries, entry.id, None)
            return
        is_new = entry.id not in other.entries
        self._put(name, other.entries, entry.id, entry)
        self._supersede(entry)
        if is_new:
            self._end_departures(entry)

    def _supersede(self, entry: Entry) -> None:
        """Remove the entries of earlier turns of its page."""
        for owner, old in list(self._ids[entry.id].items()):
            if old.turn < entry.turn:
                if owner == self.replica:
                    self._change(entry.id, None)
                else:
                    self._put(owner, self._others[owner].entries, entry.id, None)

    def _is_superseded(self, entry: Entry) -> bool:
        """Return whether the page of an entry has been taken over since."""
        return any(one.turn > entry.turn for one in self._ids.get(entry.id, {}).values())

    # The table

    def present(self, topic: str) -> tuple[Entry, ...]:
        """Return the newest entry of each person in a topic, in order of arrival."""
        people = self._topics.get(topic, {})
        found = [(min(one.since for one in tabs.values()), key) for key, tabs in people.items()]
        return tuple(_newest(people[key].values()) for _, key in sorted(found))

    def count(self, topic: str) -> int:
        """Return how many people are in a topic."""
        return len(self._topics.get(topic, ()))

    def take_changes(self) -> frozenset[str]:
        """Return the topics whose lists have changed since the previous call."""
        changed = (of for of, before in self._before.items() if self._shown(*of) != before)
        topics = frozenset(topic for topic, _ in changed)
        self._before.clear()
        return topics

    def _shown(self, topic: str, key: str) -> Shown:
        tabs = self._topics.get(topic, {}).get(key)
        if not tabs:
            return None
        newest = _newest(tabs.values())
        return min(one.since for one in tabs.values()), newest.kind, newest.data

    def _put(self, owner: str, entries: dict[str, Entry], id: str, entry: Entry | None) -> None:
        """Set an entry of a replica in all indexes, or remove it."""
        old = entries.pop(id, None)
        for one in (old, entry):
            if one is not None:
                of = one.topic, one.key
                if of not in self._before:
                    self._before[of] = self._shown(*of)
        if old is not None:
            _remove(self._topics, old.topic, old.key, (owner, id))
            _remove(self._ids, id, owner)
        if entry is not None:
            entries[id] = entry
            self._topics.setdefault(entry.topic, {}).setdefault(entry.key, {})[owner, id] = entry
            self._ids.setdefault(id, {})[owner] = entry


def _newest(entries: Iterable[Entry]) -> Entry:
    return max(entries, key=lambda one: (one.at, one.id))


def _remove(index: dict[Any, Any], *path: Any) -> None:
    """Remove an item of nested dicts, and those that are empty then."""
    key, *rest = path
    if rest:
        _remove(index[key], *rest)
        if not index[key]:
            del index[key]
    else:
        del index[key]
