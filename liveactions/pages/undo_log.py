"""Checkpoints: the fields of a page before a run, to find out what has changed, and to roll back.

A run begins with a `Checkpoint` of its page, which has an `UndoLog` for each component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from starlette.requests import Request

from ..actions.codec import SCALARS
from ..actions.form_input import MISSING
from ..actions.request import PageRequest
from ..templates.streams import Stream
from .component import Component, components_of
from .fields import Field

_CONTAINERS: Final = (list, dict, set)


class Checkpoint:
    """A page's address, and the fields of the page and its components, at some time."""

    __slots__ = ("_live", "_address", "_replaced", "undo_logs")

    def __init__(self, page: Component) -> None:
        self._live = live = page.live
        self._address = live.address
        self._replaced: tuple[Request | None, PageRequest] | None = None
        """The page's request at that time, and the one that has replaced it."""
        self.undo_logs: dict[int, UndoLog]
        """The undo log of each component, by its `id`."""
        description = page._live_record.description
        if not description.children:
            self.undo_logs = {id(page): UndoLog(page, description.loads)}
            return
        components = components_of(page)
        deep = description.loads or any(one._live_record.watched for one in components)
        self.undo_logs = {
            id(one): UndoLog(one, deep or one._live_record.description.loads) for one in components
        }

    def replace_request(self, request: PageRequest) -> None:
        """Replace the page's request. `restore` puts the previous one back."""
        self._replaced = self._live.request, request
        self._live.renew(request)

    def restore(self) -> None:
        """Restore the fields, the address and the request."""
        for undo_log in self.undo_logs.values():
            undo_log.restore()
        live = self._live
        if self._replaced is not None and live.request is self._replaced[1]:
            live.request = self._replaced[0]
        if live.address is not self._address:
            live.move_to(self._address)

    def exclude(self, later: Checkpoint) -> None:
        """Keep what has changed since a later checkpoint: `restore` doesn't touch it any more."""
        for key, undo_log in self.undo_logs.items():
            if key in later.undo_logs:
                undo_log.exclude(later.undo_logs[key])


class UndoLog:
    """A component's fields, recorded before an operation.

    This is cheap if the fields' types are immutable, because then it is enough to compare identities. Lists,
    dicts and sets are copied, one level deep. If `deep`, fields of other mutable types are compared by their
    dumped data, which is only needed if a `load` depends on them.
    """

    __slots__ = ("component", "values", "_copies", "_dumps", "_streams")

    def __init__(self, component: Component, deep: bool) -> None:
        self.component = component
        self.values = component.__dict__.copy()
        self._copies: dict[str, tuple[Any, Any]] = {}
        self._dumps: dict[str, Any] = {}
        self._streams: list[Callable[[], None]] = []
        mutable = component._live_record.description.mutable
        if mutable:
            self._look_inside(mutable, deep)

    def _look_inside(self, mutable: tuple[Field, ...], deep: bool) -> None:
        for field in mutable:
            value = self.values.get(field.name)
            if isinstance(value, Stream):  # it tracks its changes itself, and `load` doesn't depend on them
                self._streams.append(value.save())
                continue
            if isinstance(value, _CONTAINERS):
                self._copies[field.name] = value, value.copy()
            if deep and not field.is_loaded and field.children is None and not field.holds_frozen:
                self._dumps[field.name] = _dump(field, value)

    def changed(self) -> bool:
        """Return whether a state field has changed."""
        now, before = self.component.__dict__, self.values
        for field in self.component._live_record.description.state:
            new, old = now.get(field.name, MISSING), before.get(field.name, MISSING)
            if new is not old and not (type(new) is type(old) and type(new) in SCALARS and new == old):
                return True
        return bool(self._copies or self._dumps) and any(self._changed_inside())

    def _changed_inside(self) -> Iterator[bool]:
        fields = self.component._live_record.description.fields
        for name, (value, copy) in self._copies.items():
            yield not fields[name].is_loaded and not _same_items(value, copy)
        for name, data in self._dumps.items():
            yield _dump(fields[name], self.values.get(name)) != data

    def exclude(self, other: UndoLog) -> None:
        """Keep what has changed since `other` was taken: `restore` doesn't touch it any more."""
        now = self.component.__dict__
        for name in self.component._live_record.description.fields:
            value = now.get(name, MISSING)
            inside = other._copies.get(name)
            if value is other.values.get(name, MISSING) and (inside is None or _same_items(*inside)):
                continue
            self.values[name] = value
            self._dumps.pop(name, None)
            self._copies.pop(name, None)
            if isinstance(value, _CONTAINERS):
                self._copies[name] = value, value.copy()

    def restore(self) -> None:
        """Restore the values of the public fields, and the items of lists, dicts and sets."""
        now = self.component.__dict__
        for name in self.component._live_record.description.fields:
            old = self.values.get(name, MISSING)
            if old is MISSING:
                now.pop(name, None)
            elif now.get(name, MISSING) is not old:
                now[name] = old
        for restore in self._streams:
            restore()
        for value, copy in self._copies.values():
            if not _same_items(value, copy):
                _refill(value, copy)
        fields = self.component._live_record.description.fields
        for name, data in self._dumps.items():
            if data is not MISSING and _dump(fields[name], now.get(name)) != data:
                now[name] = fields[name].codec.load(data)


def _dump(field: Field, value: Any) -> Any:
    """Return a value as data; `MISSING` if it can't be dumped, which is reported when the state is stored."""
    try:
        return field.codec.dump(value)
    except TypeError:
        return MISSING


def _same_items(value: Any, copy: Any) -> bool:
    """Return whether a container holds the same objects, in the same order if it is ordered."""
    if len(value) != len(copy):
        return False
    if isinstance(value, dict):
        pairs = zip(value.items(), copy.items(), strict=True)
        return all(key is old and item is before for (key, item), (old, before) in pairs)
    if isinstance(value, set):
        return bool(value == copy)
    return all(a is b for a, b in zip(value, copy, strict=True))


def _refill(value: Any, copy: Any) -> None:
    value.clear()
    if isinstance(value, list):
        value.extend(copy)
    else:
        value.update(copy)
