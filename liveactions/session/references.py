"""What an op names: a slot of the page, a reference that the page shows, or a script's function."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..actions.action import ActionRef
from ..exceptions import UnknownAction
from ..pages.lookup import function, resolve
from ..protocol.messages import CallFunction, CallReference, CallSlot, Validate
from ..security.references import Reference
from .state import SessionState

Act: TypeAlias = CallSlot | CallReference | CallFunction | Validate
"""An op that means an action."""


def reference(state: SessionState, op: Act) -> ActionRef[..., Any]:
    """Return the reference that an op names.

    `UnknownAction` or `ForgedReference` when the page as it was at the op's revision shows none.
    """
    if isinstance(op, CallFunction):
        return function(state.page, op.name)
    return shown(state, op.rev, op.address if isinstance(op, CallSlot) else op.reference)


def shown(state: SessionState, rev: int, name: str | list[int]) -> ActionRef[..., Any]:
    """Return the reference that a revision shows, by its text or by the address of its slot.

    A reference without a signature is that of an action with ``js=True``, which needn't be shown.
    """
    if rev < state.binding.since:
        raise UnknownAction("the page is no longer open")
    if not isinstance(name, str):
        return state.history.reference(rev, name)
    given = Reference.parse(name)
    ref = resolve(state.page, given)
    if given.mac and not state.history.shows(rev, ref, given.mac):
        raise UnknownAction("the page no longer shows this reference")
    return ref


def named_by(op: Act) -> str:
    """Return what an op names, for the log."""
    if isinstance(op, CallSlot):
        return f"slot {op.address}"
    return op.name if isinstance(op, CallFunction) else op.reference
