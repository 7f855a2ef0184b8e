"""Computes only the slots of a body whose values may have changed.

A slot qualifies if its value depends only on the names that it reads (`liveactions.templates.purity`), and if
these are assigned outside of the body. It keeps its last value if the names still have the same values: the
same immutable object, or an equal text or number. Slots that read mutable objects, functions that aren't
known to be pure, or names that the body sets are computed in each render.

Values are only checked for immutability if that is cheap (`is_frozen_at_a_glance`). Lists have a memory of
their own (`liveactions.templates.list_memo`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress, count
from operator import is_not
from typing import Any, Final

from jinja2 import Environment, nodes

from ..immutability import is_frozen_at_a_glance, same
from ..types import Reference
from .fragments import Fragment, Kind
from .plan import Plan, Slot
from .purity import is_pure, qualifies
from .syntax_tree import nodes_in

MIN_NODES: Final = 8
"""Minimum number of nodes in the slots of a body for which comparing names is faster than computing slots."""
_MAY_CHANGE: Final = object()
"""Replaces a value that may change although it is the same object."""


class Reads:
    """Which slots of a body read which of the names that are its inputs."""

    __slots__ = ("every", "always", "readers")

    def __init__(self, slots: int, always: Iterable[int], readers: Iterable[Iterable[int]]) -> None:
        self.every = range(slots)
        self.always = frozenset(always)
        """Slots that are computed in each render."""
        self.readers = [frozenset(one) for one in readers]
        """For each input, the slots that read it."""


def due_slots(
    before: Fragment | None, inputs: list[Any], reads: Reads
) -> tuple[Collection[int], Sequence[Any]]:
    """Return the slots to compute, and the `inputs` of the new fragment, for the next comparison.

    `before` is the last render of the body. No slots are returned if the result would be the same.
    """
    if before is None or before.inputs is None:
        return reads.every, inputs
    old = before.inputs
    if type(old) is list:  # not compared before
        old = tuple(map(_known, old))
    changed = [n for n in compress(count(), map(is_not, old, inputs)) if not same(old[n], inputs[n])]
    if not changed:
        return reads.always, old
    now = list(old)
    for n in changed:
        now[n] = _known(inputs[n])
    return reads.always.union(*[reads.readers[n] for n in changed]), tuple(now)


def _known(value: Any) -> Any:
    """Return a value if slots can't read anything in it that changes; otherwise `_MAY_CHANGE`."""
    if is_frozen_at_a_glance(value) or isinstance(value, Reference) or callable(value) and is_pure(value):
        return value
    return _MAY_CHANGE


def skippable(plan: Plan, environment: Environment) -> dict[int, set[str]]:
    """Return the slots of a body that needn't be computed in each render, with the names that they read."""
    if environment.finalize is not None and not is_pure(environment.finalize):
        return {}
    assigned = set(_assigned(plan))
    found: dict[int, set[str]] = {}
    size = 0
    for number, slot in enumerate(plan.slots):
        if _may_skip(slot, environment) and assigned.isdisjoint(name.rstrip(".") for name in slot.names):
            found[number] = slot.names
            size += sum(1 for _ in nodes_in(part.node for part in slot.parts))
    return found if size >= MIN_NODES else {}


def _may_skip(slot: Slot, environment: Environment) -> bool:
    return (
        slot.kind not in (Kind.LIST, Kind.ELEMENTS)
        and not any(part.before for part in slot.parts)
        and qualifies([part.node for part in slot.parts], environment)
    )


def _assigned(plan: Plan) -> Iterator[str]:
    """Yield the names that statements of a body set."""
    for slot in plan.slots:
        for part in slot.parts:
            for node in part.before:
                yield from _set_by(node)
            if not part.is_expression:
                yield from _set_by(part.node)
    for node in plan.after:
        yield from _set_by(node)


def _set_by(node: nodes.Node) -> Iterator[str]:
    for one in nodes_in([node]):
        if isinstance(one, nodes.Macro) or isinstance(one, nodes.Name) and one.ctx != "load":
            yield one.name
        elif isinstance(one, nodes.Import):
            yield one.target
        elif isinstance(one, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in one.names)
