"""Lists whose items leave the server's memory once the browser has them.

For each item, a `Stream` only keeps a hash of the key and a checksum of the rendered item: 12 bytes. The
items and their fragments are only kept until the browser has acknowledged the patch that contains them. After
that, they are replaced by `GONE` in fragments.

- An item that is inserted is rendered once. An item that is updated is sent with all of its slots, because
its previous fragment is unknown.
- Items keep their ordinals by key, like those of other lists (`.list_keys`).
- References to actions are rendered as text, because slots of dropped fragments can't be looked up:
`_textual`.
- A page that continues in another process has no items. Its `load` resets the stream, and the checksums show
  which items the browser already has.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import is_
from typing import Any, Final, Generic, NoReturn, TypeVar
from urllib.parse import unquote
from zlib import crc32

from pydantic_core import core_schema

from ..config import check_size
from ..exceptions import RenderError
from ..protocol.constants import FIELD_ACTION, MARK, MARK_EVENT
from .digests import collect
from .fragments import GONE, Fragment, Items, Kind, Shape
from .list_keys import source_key
from .live_attributes import PREFIX

T = TypeVar("T")
MAX_RENDERS: Final = 16
"""Renders whose fragments are released by an acknowledgement."""


@dataclass(slots=True)
class _Pending:
    """An item that the browser may not have yet, and the version of the stream that it belongs to."""

    item: Any
    version: int


class Stream(Generic[T]):
    """A list whose items the page drops once the browser shows them. Create it with `stream`.

    Items are recognised by their ``id``, ``key`` or ``pk``; texts and numbers are their own keys. Each is in
    the list once: one that is added again moves, and shows what it is now.
    """

    __slots__ = (
        "limit",
        "is_new",
        "_order",
        "_sums",
        "_pending",
        "_version",
        "_rendered",
        "_sent",
        "_renders",
        "_count",
        "_actions",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_new = True
        """Whether it is empty because the page was just opened, or continues in another process: `load` must
        reset it.
        """
        self._order = array("Q")
        self._sums = array("I")
        self._pending: dict[int, _Pending] = {}
        self._version = 0
        self._rendered = 0
        """The version of the latest render."""
        self._sent: deque[tuple[int, int]] = deque()
        """Revisions that weren't acknowledged, and the versions that they show."""
        self._renders: deque[tuple[int, Items]] = deque(maxlen=MAX_RENDERS)
        self._count = 0
        """The number of items before the page continued in another process."""
        self._actions: set[str] = set()
        """The paths of the actions that its items have shown."""

    # For pages

    def append(self, *items: T) -> None:
        """Add items at the end. Of more than `limit`, the first ones are removed."""
        self._insert(items, len(self._order))
        self._cut(0, len(self._order) - self.limit)

    def prepend(self, *items: T) -> None:
        """Add items at the beginning, in this order. Of more than `limit`, the last ones are removed."""
        self._insert(items, 0)
        self._cut(self.limit, len(self._order))

    def insert(self, item: T, before: Any) -> None:
        """Add an item before another one, which is given as itself or by its key; at the end if that isn't
        shown.
        """
        at = self._at(_hash(before))
        self._insert((item,), len(self._order) if at is None else at)
        self._cut(0, len(self._order) - self.limit)

    def update(self, *items: T) -> None:
        """Show items as they are now, those that are shown."""
        self._version += 1
        for item in items:
            if self._at(_hash(item)) is not None:
                self._pending[_hash(item)] = _Pending(item, self._version)

    def remove(self, *items: Any) -> None:
        """Remove items, given as themselves or by their keys, those that are shown."""
        self._version += 1
        for item in items:
            at = self._at(_hash(item))
            if at is not None:
                self._cut(at, at + 1)

    def reset(self, items: Iterable[T] = ()) -> None:
        """Show these items and no others, the last `limit` of them."""
        known = dict(zip(self._order, self._sums, strict=True))
        self._cut(0, len(self._order))
        self._insert(tuple(items)[-self.limit :], 0)
        self._sums = array("I", [known.get(key, 0) for key in self._order])

    def __len__(self) -> int:
        """Return how many items are shown; of a new stream, how many the page has shown before."""
        return self._count if self.is_new else len(self._order)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __contains__(self, item: Any) -> bool:
        return self._at(_hash(item)) is not None

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "the items of a stream aren't kept: they can only be shown by {% for item in stream %} without a"
            " filter, whose body depends on the item and on variables only"
        )

    def __repr__(self) -> str:
        return f"<Stream of {len(self)}>"

    def _at(self, key: int) -> int | None:
        try:
            return self._order.index(key)
        except ValueError:
            return None

    def _insert(self, items: Iterable[T], at: int) -> None:
        self._version += 1
        self.is_new = False
        given = {_hash(item): item for item in items}
        for key, item in given.items():
            former = self._at(key)
            if former is not None:
                at -= former < at
                del self._order[former], self._sums[former]
            self._pending[key] = _Pending(item, self._version)
        self._order[at:at] = array("Q", given)
        self._sums[at:at] = array("I", bytes(array("I").itemsize * len(given)))

    def _cut(self, start: int, end: int) -> None:
        if start < end:
            for key in self._order[start:end]:
                self._pending.pop(key, None)
            del self._order[start:end], self._sums[start:end]

    # State

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same state."""
        return isinstance(other, Stream) and (len(self), self.limit) == (len(other), other.limit)

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: Any) -> Stream[T]:
        return Stream(self.limit)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """State has the number of items and the limit only."""
        numbers = core_schema.tuple_schema([core_schema.int_schema(ge=0), core_schema.int_schema(gt=0)])
        return core_schema.json_or_python_schema(
            core_schema.no_info_after_validator_function(_restored, numbers),
            core_schema.is_instance_schema(Stream),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda one: [len(one), one.limit]),
        )

    def save(self) -> Callable[[], None]:
        """Return a function that undoes what has happened since."""
        order, sums, pending, is_new = self._order[:], self._sums[:], self._pending.copy(), self.is_new

        def restore() -> None:
            self._order, self._sums, self._pending, self.is_new = order[:], sums[:], pending.copy(), is_new
            self._version += 1
            for one in self._pending.values():
                one.version = self._version

        return restore

    # Rendering

    def render(self, draw: Callable[[Any], Any], old: Items | None) -> Items:
        """Return the value of a list slot. `draw` renders an item, and `old` was the slot's value before."""
        positions = {key: at for at, key in enumerate(self._order)}
        fragments = [GONE] * len(positions)
        for key, pending in self._pending.items():
            at = positions[key]
            drawn = draw(pending.item)
            if type(drawn) is not Fragment:
                raise RenderError(
                    "an item of a stream must be complete HTML: each tag that it opens is closed"
                )
            fragments[at] = _textual(drawn)
            pieces: list[str] = []
            collect(fragments[at], pieces)
            text = "\0".join(pieces)
            self._actions.update(map(unquote, _REFERENCE.findall(text)))
            self._sums[at] = crc32(text.encode(errors="replace")) | 1  # 0: unknown
        new = Items(fragments)
        new.stream, new.keys, new.sums = self, self._order[:], self._sums[:]
        new.digest = blake2b(self._sums.tobytes(), digest_size=8).digest()
        if old is not None and old.stream is not None:
            self._continue(old, new)
        self._rendered = self._version
        self._renders.append((self._version, new))
        return new

    def _continue(self, old: Items, new: Items) -> None:
        """Give the items that were in the list before their ordinals."""
        known = dict(zip(old.keys or (), old.numbers(), strict=True))
        following, ordinals = old.following, []
        for key in self._order:
            ordinal = known.get(key, -1)
            ordinals.append(following if ordinal < 0 else ordinal)
            following += ordinal < 0
        if following - old.following == len(ordinals):
            new.begin()
        else:
            new.ordinals, new.following, new.lineage = ordinals, following, old.lineage

    def may_show(self, reference: Any) -> bool:
        """Return whether items have shown the action of a reference, which was signed for the page."""
        return reference.path in self._actions

    # Acknowledgements

    def sent(self, revision: int) -> None:
        """Note that the latest render is shown by a revision."""
        self._sent.append((revision, self._rendered))

    def acknowledged(self, revision: int) -> None:
        """Forget the items that the browser has, as it shows this revision."""
        version = -1
        while self._sent and self._sent[0][0] <= revision:
            version = self._sent.popleft()[1]
        if version < 0:
            return
        self._pending = {key: one for key, one in self._pending.items() if one.version > version}
        while self._renders and self._renders[0][0] <= version:
            items = self._renders.popleft()[1]
            items.fragments = [GONE] * len(items.fragments)


def stream(limit: int = 200) -> Any:
    """Declare a list whose items leave the server's memory: ``lines: Stream[Line] = stream(limit=200)``.

    `limit` is how many items the page shows at most. Raise `ValueError` unless it is positive.
    """
    check_size("stream: limit", limit)
    if limit == 0:
        raise ValueError("stream: limit=0: it must be positive")
    return Stream(limit)


def _restored(data: tuple[int, int]) -> Stream[Any]:
    count, limit = data
    found: Stream[Any] = Stream(limit)
    found._count = count
    return found


def _hash(item: Any) -> int:
    """Return a hash of an item's key, or of a key. Raise `TypeError` for an item without one."""
    key = source_key(item, -1)
    if key[0] in ("position", "same"):
        raise TypeError(f"an item of a stream needs an id, key or pk to be recognised by: {item!r}")
    text = f"{type(key[1]).__name__} {key[1]}"
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest())


_REFERENCE: Final = re.compile(rf'{FIELD_ACTION}(?:=|" value=")([^~"&]+)~')
"""A reference in HTML, or in an address; the group is its path."""


def _textual(fragment: Fragment) -> Fragment:
    """Return a fragment in which references are text, not slots without a value."""
    values = tuple(_textual_value(value) for value in fragment.own_values())
    if Kind.EVENT not in fragment.shape.kinds and all(map(is_, values, fragment.values)):
        return fragment
    return Fragment(_textual_shape(fragment.shape), values)


def _textual_value(value: Any) -> Any:
    if type(value) is Fragment:
        return _textual(value)
    if type(value) is Items:
        return Items([_textual(item) for item in value.fragments], value.sources)
    return value


_MARKS: Final = re.compile(rf'{MARK}="[^"]*"')
_EVENT: Final = re.compile(rf'(?<=[" ]){MARK_EVENT}')


@lru_cache(maxsize=1024)
def _textual_shape(shape: Shape) -> Shape:
    """Return a shape whose events are attributes."""
    marked = [_MARKS.sub(lambda marks: _EVENT.sub(PREFIX, marks[0]), piece) for piece in shape.marked]
    for slot, kind in enumerate(shape.kinds):
        if kind is Kind.EVENT:
            plain = shape.plain[slot]
            marked[slot] += plain[plain.rindex(" ") :]
            marked[slot + 1] = '"' + marked[slot + 1]
    kinds = tuple(Kind.ATTR if kind is Kind.EVENT else kind for kind in shape.kinds)
    ignored = tuple(slot for slot in shape.silent if shape.kinds[slot] is not Kind.EVENT)
    return Shape(
        tuple(marked), shape.plain, kinds, shape.namespace, shape.key, shape.where, shape.lines, ignored
    )
