"""What forms and controls send: names and values, in the order of the document."""

from __future__ import annotations

from ..wire import FIELD_ACTION, FIELD_SNAPSHOT
from .controls import CHECKABLE, CONTROLS, Controls, kind, option_value, owner, top
from .dom import Element
from .upload import File, Pair, texts
from .visible import is_disabled

_BUTTONS = frozenset({"submit", "button", "reset", "image"})


def elements_of(form: Element) -> list[Element]:
    """The controls and buttons of a form, wherever they stand."""
    found = (element for element in top(form).elements() if element.name in CONTROLS | {"button"})
    return [element for element in found if owner(element) is form]


def form_fields(form: Element, controls: Controls, submitter: Element | None = None) -> list[Pair]:
    """All that a form would post."""
    pairs: list[Pair] = []
    for element in elements_of(form):
        is_button = kind(element) in _BUTTONS
        if is_disabled(element) or (is_button and element is not submitter):
            continue
        pairs += control_fields(element, controls)
    return pairs


def own_pairs(pairs: list[Pair]) -> list[Pair]:
    """Those that don't belong to the library."""
    return [pair for pair in pairs if pair[0] not in (FIELD_ACTION, FIELD_SNAPSHOT)]


def own_fields(pairs: list[Pair]) -> list[str]:
    """The same for an op: flat."""
    return [text for pair in texts(own_pairs(pairs)) for text in pair]


def control_fields(control: Element, controls: Controls) -> list[Pair]:
    """What one control sends: nothing without a name or unchecked."""
    name = control.get("name")
    if not name:
        return []
    state = controls.state(control) if control.name in CONTROLS else control.get("value") or ""
    if isinstance(state, tuple):
        return [(name, option_value(option)) for option in state]
    if isinstance(state, File):
        return [(name, state)]
    if (kind(control) in CHECKABLE or kind(control) == "file") and not state:
        return []
    return [(name, controls.value(control) if control.name in CONTROLS else str(state))]


def submitters(form: Element) -> list[Element]:
    """The buttons that send a form."""
    return [element for element in elements_of(form) if kind(element) in ("submit", "image")]
