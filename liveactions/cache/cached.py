"""The decorator `cached`: caches the results of a function by its arguments.

Equal arguments of equal types have the same key. All visitors share the results: immutable ones as they are,
others as a copy for each caller. They are kept in the `ValueCache` of this process.

If a tag is revalidated while a value with this tag is being computed, waiting callers still get the value,
and are notified of the revalidation. The value isn't kept.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property, wraps
from string import Formatter
from typing import Any, Final, ParamSpec, TypeVar, cast

from pydantic import BaseModel

from ..actions.markers import dependency_of
from ..actions.responses import ActionResponse
from ..actions.run_context import open_effects
from ..config import check_seconds, checked_texts
from ..immutability import is_frozen, is_frozen_after, shareable
from ..pubsub.base import Message
from ..pubsub.channel import channels
from ..tasks import is_loop_running
from ..type_hints import hints, signature_of
from .tags import Reading, matches, note, reading

P = ParamSpec("P")
R = TypeVar("R")
PROFILES: Final[dict[str, float | None]] = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
    "max": None,
}
"""Times to live by name, in seconds; None means forever. Applications may add their own."""
MAX_ENTRIES: Final = 10_000
"""Maximum number of values that are kept. The least recently read one is dropped first."""
MAX_PATHS: Final = 256
"""Maximum number of paths that are kept for a value. A value that more paths have read counts as read by
all.
"""


def key_of(value: Any) -> Hashable:
    """Return a value as part of a key. Raise `TypeError` for values that can't be compared by content."""
    kind = type(value)
    if kind in (list, tuple):
        return (kind, *map(key_of, value))
    if kind in (set, frozenset):
        return (kind, frozenset(map(key_of, value)))
    if isinstance(value, dict):
        return (kind, frozenset((key_of(name), key_of(item)) for name, item in value.items()))
    if isinstance(value, BaseModel):
        return (kind, *((name, key_of(item)) for name, item in value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return (kind, *(key_of(getattr(value, one.name)) for one in dataclasses.fields(value)))
    if is_frozen(value):
        return (kind, value)
    raise TypeError(f"a {kind.__qualname__} can't be part of a key")


def cached(
    *, tags: Iterable[str] = (), ttl: float | str | None = None, stale: float = 0.0
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache a function's results by its arguments, for all users.

    `tags` may contain arguments: ``@cached(tags=["post:{id}"])``. Revalidate a tag when the data changes.
    `ttl` is how long a result is fresh, in seconds or as one of `PROFILES`; by default, until it is
    revalidated. For `stale` more seconds, the old result is returned while one caller computes the new one.
    Dependencies (``Annotated[Session, Depends(session)]``) aren't part of the key. Concurrent calls for a
    missing result run the function once. Immutable results are shared, others are copied for each caller.

    Raise `TypeError` or `ValueError` for a tag with a name that isn't a parameter, and for invalid times. A
    call with an argument that can't be part of a key raises `TypeError`.
    """
    names = checked_texts("tags", tags)
    check_seconds("stale", stale, or_zero=True)

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        reads = _CachedFunction(function, names, _seconds(ttl), stale)
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def read_later(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await reads.call_async(args, kwargs)

            return cast(Callable[P, R], read_later)

        @wraps(function)
        def read(*args: P.args, **kwargs: P.kwargs) -> R:
            return cast(R, reads.call_sync(args, kwargs))

        return read

    return mark


def _seconds(ttl: float | str | None) -> float | None:
    if isinstance(ttl, str) and ttl not in PROFILES:
        raise ValueError(f"ttl={ttl!r}: seconds, or one of {', '.join(PROFILES)}")
    seconds = PROFILES[ttl] if isinstance(ttl, str) else ttl
    if seconds is not None:
        check_seconds("ttl", seconds)
    return seconds


class _CachedFunction:
    """One cached function: `call_async` reads an async function, `call_sync` a sync one."""

    def __init__(
        self, function: Callable[..., Any], tags: tuple[str, ...], ttl: float | None, stale: float
    ) -> None:
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise TypeError(f"{function.__qualname__}: a generator can't be cached; return a tuple")
        self.function = function
        self.tags = tags
        self.ttl = ttl
        self.stale = stale
        self.signature = signature_of(function)
        self._immutable: tuple[Any, ...] = ()
        """The last result that is an immutable tuple: the next one may have most of its items."""
        for tag in tags:
            self._check(tag)

    def _check(self, tag: str) -> None:
        for _, name, _, _ in Formatter().parse(tag):
            if name is not None and name.split(".")[0].split("[")[0] not in self.signature.parameters:
                raise TypeError(f"{self.function.__qualname__}: no parameter for the tag {tag!r}")

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """Names of parameters that are dependencies."""
        found = hints(self.function)
        parameters = self.signature.parameters.items()
        return frozenset(name for name, one in parameters if dependency_of(found.get(name), one.default))

    @cached_property
    def _only_key(self) -> tuple[Hashable, frozenset[str]] | None:
        """The only key, and its tags, if the function has no parameters."""
        if self.signature.parameters:
            return None
        return (self,), frozenset(tag.format_map({}) for tag in self.tags)

    def _key(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Hashable, frozenset[str]]:
        """Return the key of a call, and its tags with the arguments filled in."""
        if not args and not kwargs and self._only_key is not None:
            return self._only_key
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        parts: list[Hashable] = [self]
        for name, value in bound.arguments.items():
            if name in self.dependencies:
                continue
            try:
                parts.append(key_of(value))
            except TypeError as error:
                advice = "pass only what the function needs, or annotate it as a dependency with Depends"
                raise TypeError(f"{self.function.__qualname__}({name}=…): {error}; {advice}") from None
        return tuple(parts), frozenset(tag.format_map(bound.arguments) for tag in self.tags)

    async def call_async(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of an async function."""
        key, tags = self._key(args, kwargs)
        await _catch_up_with_network()
        while True:
            entry, flight, is_mine = self._look_up(key, tags)
            try:
                if entry is None and is_mine:
                    entry = await self._compute(flight, args, kwargs)
                elif entry is None:
                    entry = await asyncio.shield(asyncio.wrap_future(flight.done))
                return _read(entry)
            except Abandoned:
                continue

    async def _compute(self, flight: Flight, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        try:
            with Reading("cached", flight) as made:
                value = await self.function(*args, **kwargs)
            return self._finish(flight, value, made)
        except BaseException as error:
            value_cache.fail(flight, error)
            raise

    def call_sync(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of a sync function."""
        key, tags = self._key(args, kwargs)
        while True:
            entry, flight, is_mine = self._look_up(key, tags)
            if entry is None and not is_mine and is_loop_running():
                # Waiting would block the event loop.
                is_mine, flight = True, Flight(key, tags, is_outdated=True)
            try:
                if entry is None:
                    entry = self._compute_now(flight, args, kwargs) if is_mine else flight.done.result()
                return _read(entry)
            except Abandoned:
                continue

    def _compute_now(self, flight: Flight, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        try:
            with Reading("cached", flight) as made:
                value = self.function(*args, **kwargs)
            return self._finish(flight, value, made)
        except BaseException as error:
            value_cache.fail(flight, error)
            raise

    def _look_up(self, key: Hashable, tags: frozenset[str]) -> tuple[Entry | None, Flight, bool]:
        """Look a key up; see `ValueCache.look_up`.

        If the current run is about to revalidate the value, it computes a new one for itself only.
        """
        effects = open_effects()
        if effects is None:
            channels.catch_up()
        elif not effects.has_caught_up:  # reads after a change must see it
            effects.has_caught_up = True
            channels.catch_up()
        if effects is not None and effects.revalidates:
            entry = value_cache.fresh(key, self.ttl)
            if entry is not None and outdated(entry, effects.tags, effects.paths):
                entry = None
            is_early = effects.has_generators and not self.dependencies and not effects.tags.isdisjoint(tags)
            if entry is None and is_early:
                effects.early_reads |= {self.function.__qualname__}
            return entry, Flight(key, tags, is_outdated=True), True
        entry, flight, is_mine = value_cache.look_up(key, tags, self.ttl, self.stale)
        here = reading()
        if entry is None and not is_mine and here is not None and here.is_making(flight):
            raise RuntimeError(f"{self.function.__qualname__} depends on its own result")
        return entry, flight, is_mine

    def _finish(self, flight: Flight, value: Any, made: Reading) -> Entry:
        try:
            give = self._shared(value)
        except TypeError as error:
            raise TypeError(f"{self.function.__qualname__}: {error}") from error
        return value_cache.finish(flight, give, flight.tags | made.tags)

    def _shared(self, value: Any) -> Callable[[], Any]:
        """Return a function that returns the value to each caller; see `shareable`."""
        if type(value) is tuple and is_frozen_after(self._immutable, value):
            self._immutable = value
            return lambda: value
        return shareable(value)


def _read(entry: Entry) -> Any:
    note(entry.tags)
    effects = open_effects()
    if effects is not None:
        entry.read_at(effects.live.own_path)
    return entry.give()


async def _catch_up_with_network() -> None:
    """Receive the messages of remote brokers, for which `_look_up` doesn't wait."""
    effects = open_effects()
    if effects is None:
        await channels.caught_up()
    elif not effects.has_caught_up:
        await channels.caught_up_by_turn()
        effects.has_caught_up = True


@dataclass(slots=True, eq=False)
class Entry:
    """A cached value. `give` returns it to a reader."""

    give: Callable[[], Any]
    tags: frozenset[str]
    made: float
    paths: set[str] = field(default_factory=set)

    def read_at(self, path: str) -> None:
        """Note that the page at a path has read the value."""
        if len(self.paths) <= MAX_PATHS:
            self.paths.add(path)

    def is_of(self, message: Message) -> bool:
        """Return whether a message revalidates the value."""
        if message.kind == "tag":
            return message.name in self.tags
        if message.kind != "path":
            return False
        return len(self.paths) > MAX_PATHS or any(matches(message, path) for path in self.paths)


@dataclass(slots=True, eq=False)
class Flight:
    """A value that is being computed."""

    key: Hashable
    tags: frozenset[str]
    done: Future[Entry] = field(default_factory=Future)
    revalidated: set[str] = field(default_factory=set)
    is_outdated: bool = False
    """Whether the value must not be kept, whatever its tags are."""


class Abandoned(Exception):
    """The computation of a value was cancelled. Waiting callers compute it themselves."""


class ValueCache:
    """All cached values. The methods are thread-safe."""

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._lock = threading.Lock()
        self._entries: dict[Hashable, Entry] = {}
        self._keys: dict[str, set[Hashable]] = {}
        self._flights: dict[Hashable, Flight] = {}

    def fresh(self, key: Hashable, ttl: float | None) -> Entry | None:
        """Return the value if there is a fresh one."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or (ttl is not None and self.clock() - entry.made >= ttl):
                return None
            return entry

    def look_up(
        self, key: Hashable, tags: frozenset[str], ttl: float | None, stale: float
    ) -> tuple[Entry | None, Flight, bool]:
        """Return the value to serve, if there is one; its computation; and whether the caller has to run
        that.
        """
        with self._lock:
            entry, flight = self._entries.get(key), self._flights.get(key)
            if entry is not None:
                age = self.clock() - entry.made
                fresh = ttl is None or age < ttl
                if fresh or (flight is not None and ttl is not None and age < ttl + stale):
                    self._entries[key] = self._entries.pop(key)  # least recently read first
                    return entry, flight or _NO_FLIGHT, False
            if flight is not None:
                return None, flight, False
            flight = self._flights[key] = Flight(key, tags)
            return None, flight, True

    def finish(self, flight: Flight, give: Callable[[], Any], tags: frozenset[str]) -> Entry:
        """Store a value that has been computed, and return it to waiting callers."""
        entry = Entry(give, tags, self.clock())
        with self._lock:
            self._end_flight(flight)
            if not flight.is_outdated and not tags & flight.revalidated:
                self._put(flight.key, entry)
        flight.done.set_result(entry)
        return entry

    def fail(self, flight: Flight, error: BaseException) -> None:
        """Pass an error on to waiting callers. After a cancellation, they compute the value themselves."""
        with self._lock:
            self._end_flight(flight)
        is_outcome = isinstance(error, (Exception, ActionResponse))
        flight.done.set_exception(error if is_outcome else Abandoned())

    def forget(self, message: Message | None) -> None:
        """Drop the values that a message revalidates; after a gap in the messages (None), all values."""
        with self._lock:
            if message is None:
                self._entries.clear()
                self._keys.clear()
            elif message.kind == "tag":
                for key in list(self._keys.get(message.name, ())):
                    self._drop(key)
            elif message.kind == "path":
                for key in [key for key, entry in self._entries.items() if entry.is_of(message)]:
                    self._drop(key)
            for flight in list(self._flights.values()):
                self._outdate(flight, message)

    def clear(self) -> None:
        """Drop all values."""
        self.forget(None)

    def _outdate(self, flight: Flight, message: Message | None) -> None:
        """Note a revalidation. Later callers don't wait for a value that it concerns."""
        if message is not None and message.kind == "tag":
            flight.revalidated.add(message.name)
        elif message is None or message.kind == "path":
            flight.is_outdated = True
        if flight.is_outdated or flight.tags & flight.revalidated:
            self._end_flight(flight)

    def _end_flight(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _put(self, key: Hashable, entry: Entry) -> None:
        self._drop(key)
        self._entries[key] = entry
        for tag in entry.tags:
            self._keys.setdefault(tag, set()).add(key)
        if len(self._entries) > MAX_ENTRIES:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        for tag in entry.tags if entry is not None else ():
            keys = self._keys[tag]
            keys.discard(key)
            if not keys:
                del self._keys[tag]


_NO_FLIGHT: Final = Flight(None, frozenset())
value_cache: Final = ValueCache()
channels.listen(value_cache.forget)


def outdated(entry: Entry, tags: Iterable[str], paths: Iterable[tuple[str, bool]]) -> bool:
    """Return whether a run is about to revalidate a value."""
    asked = (Message("path", path, {"below": below}) for path, below in paths)
    return not entry.tags.isdisjoint(tags) or any(entry.is_of(message) for message in asked)
