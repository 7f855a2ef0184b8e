"""Renders only the items of a list that have changed.

A loop qualifies if its body depends only on its item and on the names that it reads
(`liveactions.templates.purity`), and if those values are immutable (`liveactions.immutability`). Then,
compared with the last render:

- an item that is the same object keeps its fragment; only the items between the unchanged start and end of
  the list are examined (`_render_window`);
- if only such a name has changed (``selected`` in ``{{ 'on' if selected == row.id }}``), the slots that read
  it are computed for all items, and all other slots keep their values (`_render_columns`);
- otherwise, all items are rendered.

A list whose items are the same in all pages, because they depend on immutable objects only, is rendered once
in a process: other pages that render it from the same objects use its fragments, and number them themselves
(`Rendered`).

Objects are compared by identity, with functions of the standard library that loop in C. Items that aren't
immutable are always rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import compress, count
from operator import is_, is_not
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary, ref

from ..immutability import are_frozen, common_ends, is_frozen, is_frozen_at_a_glance, same
from ..types import Reference
from .fragments import Fragment, Items, Rendered
from .list_keys import continued, window_keys
from .purity import is_pure
from .runtime import Values, fragment, items
from .streams import Stream

Column = Callable[[Sequence[Any]], list[Any]]


class Loop(NamedTuple):
    """A loop to render. `render` returns the fragment of an item.

    `outer` are the values of the names that the body reads. For each of them, `readers` has the slots that
    read it, or None if other code reads it, too. `columns` compute such a slot for many items.
    """

    render: Callable[[Any], Any]
    outer: tuple[Any, ...]
    readers: tuple[tuple[int, ...] | None, ...]
    columns: Mapping[int, Column]
    elements: bool

    @property
    def code(self) -> CodeType:
        """The code of the loop's body, which identifies the loop in all renders of its template."""
        assert isinstance(self.render, FunctionType)
        return self.render.__code__


def remember(loop: Loop, iterable: Iterable[Any], prior: Values, slot: int) -> Any:
    """Return the value of a list slot, reusing the last one as far as possible."""
    old = prior[slot] if prior is not None else None
    if isinstance(iterable, Stream):
        return iterable.render(loop.render, old if type(old) is Items else None)
    sources = iterable if type(iterable) is tuple else tuple(iterable)
    if type(old) is not Items or old.outer is None or not is_remembered(old):
        return _render_all(loop, sources)
    changed = _changed_names(old.outer, loop.outer)
    if changed:
        readers = [loop.readers[n] for n in changed]
        if None in readers or not _identical(old.sources, sources):
            return _render_all(loop, sources)
        return _render_columns(loop, old, {number for reader in readers for number in reader or ()})
    if sources is old.sources:
        return old
    return _render_window(loop, old, sources)


def reference_version(value: Any) -> int:
    """Return a number that changes when the attributes of a reference may have changed."""
    return value.version if isinstance(value, Reference) else 0


def is_remembered(old: Items) -> bool:
    """Return whether everything that a list was rendered from is immutable."""
    if old.frozen is None:
        old.frozen = are_frozen(old.sources or ())
        if old.rendered is not None:
            old.rendered.frozen = old.frozen
    return old.frozen and all(map(_is_stable, old.outer or ()))


def _is_stable(value: Any) -> bool:
    """Return whether the value of an outer name can't change, as far as the body uses it."""
    return is_frozen(value) or isinstance(value, Reference) or is_pure(value)


def _changed_names(old: tuple[Any, ...], new: tuple[Any, ...]) -> list[int]:
    if all(map(is_, old, new)):
        return []
    return [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a is not b and not same(a, b)]


def _identical(old: Sequence[Any] | None, new: Sequence[Any]) -> bool:
    return old is new or old is not None and len(old) == len(new) and all(map(is_, old, new))


def _render_all(loop: Loop, sources: Sequence[Any]) -> Any:
    is_shared = len(sources) >= _MIN_SHARED and _is_shareable(loop)
    known = _known(loop, sources) if is_shared else None
    if known is not None:
        return _show(loop, known)
    made = items([loop.render(source) for source in sources], sources, loop.elements)
    if type(made) is Items:
        made.outer = loop.outer
        if is_shared and made.sources is not None:
            made.rendered = _share(loop, Rendered(made.fragments, sources, loop.outer, made.frozen))
    return made


_MIN_SHARED: Final = 16
"""Shorter lists are rendered faster than they are found."""
_shared: Final[WeakValueDictionary[tuple[CodeType, int], Rendered]] = WeakValueDictionary()
"""Lists that a page of this process shows, by their loop and what they were rendered from."""
_is_sharing: Final = ContextVar("liveactions_list_sharing", default=True)


@contextmanager
def unshared() -> Iterator[None]:
    """Render lists without those of other pages."""
    token = _is_sharing.set(False)
    try:
        yield
    finally:
        _is_sharing.reset(token)


def _is_shareable(loop: Loop) -> bool:
    """Return whether the items are the same in all pages. References belong to one page."""
    return all(is_frozen_at_a_glance(value) or is_pure(value) for value in loop.outer) and _is_sharing.get()


def _share(loop: Loop, rendered: Rendered) -> Rendered:
    _shared[loop.code, id(rendered.sources)] = rendered  # which stays what it is for as long as this exists
    return rendered


def _known(loop: Loop, sources: Sequence[Any]) -> Rendered | None:
    """Return a list that another page has rendered from the same objects, if nothing in them can change."""
    known = _shared.get((loop.code, id(sources)))
    if known is None or known.sources is not sources or _changed_names(known.outer, loop.outer):
        return None
    if known.frozen is None:
        known.frozen = are_frozen(sources)
    return known if known.frozen else None


def _show(loop: Loop, rendered: Rendered) -> Items:
    shown = Items(rendered.fragments, rendered.sources)
    shown.outer, shown.frozen, shown.rendered = loop.outer, True, rendered
    return shown


def _render_columns(loop: Loop, old: Items, slots: Iterable[int]) -> Any:
    """Return the same items with some slots computed again."""
    assert old.sources is not None
    fragments = list(old.fragments)
    columns = dict(old.columns)
    changed: set[int] = set()
    for slot in slots:
        before = columns.get(slot) or [item.values[slot] for item in old.fragments]
        after = columns[slot] = loop.columns[slot](old.sources)
        for n in compress(count(), map(is_not, before, after)):
            if type(before[n]) is type(after[n]) and before[n] == after[n]:
                continue
            shape, values = fragments[n].shape, fragments[n].values
            now = *values[:slot], after[n], *values[slot + 1 :]
            fragments[n] = fragment(shape, now, fragments[n].inputs)
            changed.add(n)
    if any(type(fragments[n]) is not Fragment for n in changed):
        return _render_all(loop, old.sources)
    return _next(loop, old, old.sources, fragments, sorted(changed), columns)


class Step(NamedTuple):
    """The difference of a list from the previous one, between their unchanged ends."""

    start: int
    old_end: int
    origins: list[int]
    """For each item, the old position of the one whose ordinal it has: itself, or one with its key; or -1."""
    fresh: list[int]
    """The positions of the items that weren't in the list."""
    keeps_order: bool
    """Whether each item has the ordinal of the one that was in its place."""


def _render_window(loop: Loop, old: Items, sources: tuple[Any, ...]) -> Any:
    """Render the items that were inserted between the unchanged start and end; keep those that moved.

    If another page has come from the same list to the same sources, what it has rendered is used.
    """
    shared = old.rendered
    known = shared.step if shared is not None else None
    rendered = known[1]() if known is not None and known[0] is sources else None
    if known is not None and rendered is not None:
        step, fragments = known[2], rendered.fragments
    else:
        step, fragments = _take_step(loop, old, sources)
        if any(type(fragments[n]) is not Fragment for n in step.fresh):
            return _render_all(loop, sources)
        frozen = are_frozen([sources[n] for n in step.fresh])
        if shared is not None and frozen and _is_sharing.get():
            rendered = _share(loop, Rendered(fragments, sources, loop.outer, True))
            shared.step = sources, ref(rendered), step
    return _follow(loop, old, sources, fragments, step, rendered)


def _take_step(loop: Loop, old: Items, sources: tuple[Any, ...]) -> tuple[Step, list[Any]]:
    """Return how a list differs from the one before, and its fragments."""
    assert old.sources is not None
    start, end = common_ends(old.sources, sources)
    old_end = len(old.sources) - end
    left = {id(old.sources[n]): n for n in range(start, old_end)}
    origins = [left.pop(id(source), -1) for source in sources[start : len(sources) - end]]
    fresh = [start + n for n, origin in enumerate(origins) if origin < 0]
    window = [
        loop.render(sources[start + n]) if origin < 0 else old.fragments[origin]
        for n, origin in enumerate(origins)
    ]
    fragments = old.fragments.copy()
    fragments[start:old_end] = window
    if all(type(fragments[n]) is Fragment for n in fresh):
        same = _with_same_keys(old, [*left.values()], sources, fragments, fresh)
        for n, origin in zip(fresh, same, strict=True):
            origins[n - start] = origin
    return Step(start, old_end, origins, fresh, origins == [*range(start, old_end)]), fragments


def _with_same_keys(
    old: Items, left: list[int], sources: Sequence[Any], fragments: list[Fragment], fresh: list[int]
) -> list[int]:
    """Return for each fresh item the position of the one with its key among those that are gone; or -1."""
    assert old.sources is not None
    gone, made = [old.fragments[n] for n in left], [fragments[n] for n in fresh]
    before = zip(window_keys([old.sources[n] for n in left], gone), gone, left, strict=True)
    after = zip(window_keys([sources[n] for n in fresh], made), made, strict=True)
    found, _ = continued(before, after, len(old.sources))
    return [n if n < len(old.sources) else -1 for n in found]


def _follow(
    loop: Loop,
    old: Items,
    sources: tuple[Any, ...],
    fragments: list[Fragment],
    step: Step,
    rendered: Rendered | None,
) -> Items:
    """Return the list after `old`, with the ordinals that its items have for this page."""
    numbers, following = old.numbers(), old.following
    new = _next(loop, old, sources, fragments, step.fresh, {})
    new.rendered = rendered
    new.frozen = rendered is not None or are_frozen([sources[n] for n in step.fresh])
    if step.origins.count(-1) == len(sources):
        new.begin()  # nothing of the old list is left
    elif not step.keeps_order:
        ordinals = []
        for origin in step.origins:
            ordinals.append(following if origin < 0 else numbers[origin])
            following += origin < 0
        new.ordinals, new.base = [*numbers[: step.start], *ordinals, *numbers[step.old_end :]], None
        new.following = following
    return new


def _next(
    loop: Loop,
    old: Items,
    sources: Sequence[Any],
    fragments: list[Fragment],
    changed: Sequence[int],
    columns: dict[int, list[Any]],
) -> Items:
    """Return the list after `old`, which has the same items in the same order, except those at `changed`."""
    new = Items(fragments, sources)
    new.outer = loop.outer
    new.frozen = True
    new.columns = columns
    new.ordinals, new.following, new.lineage = old.numbers(), old.following, old.lineage
    new.base, new.changed = old, changed
    old.base = None  # don't keep a chain of all earlier lists
    return new
