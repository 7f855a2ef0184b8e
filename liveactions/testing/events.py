"""Events on elements that call something, as the client handles them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..template.event_attributes import DELAYS, HELD_KEYS, MODIFIERS, NOT_EVENTS
from ..wire import CALL_REF, CALL_SLOT, CANCEL, MARK, MARK_EVENT
from .controls import CONTROLS
from .dom import Element
from .fields import control_fields, elements_of, form_fields, own_fields

if TYPE_CHECKING:
    from .tab import Tab

_FLAT: Final = frozenset("blur focus mouseenter mouseleave load error scroll".split())
"""Events that don't bubble."""
_AT_WINDOW: Final = frozenset({"outside", "window"})
"""Modifiers by which an element is called wherever the event happens."""


@dataclass(frozen=True, slots=True)
class Call:
    """What stands on an element: ``@click``, ``live-keydown.escape``."""

    element: Element
    descriptor: str
    type: str
    modifiers: tuple[str, ...]
    cancels: bool = False
    """Whether it ends what is running of the action: ``live-cancel``."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to `target`. `held` are modifier keys."""

    target: Element
    type: str
    key: str = ""
    held: frozenset[str] = frozenset()


def calls_of(element: Element) -> list[Call]:
    marks = [mark for mark in (element.get(MARK) or "").split() if mark.startswith(MARK_EVENT)]
    raw = [name for name in element.attributes if name.startswith("live-")]
    found = []
    for descriptor in marks + raw:
        type, *modifiers = descriptor.removeprefix(MARK_EVENT).removeprefix("live-").split(".")
        if type == "cancel":
            if element.get(descriptor) != "":  # else it is for uploads, which end at once here
                found.append(Call(element, descriptor, "click", tuple(modifiers), True))
        elif type not in NOT_EVENTS:
            found.append(Call(element, descriptor, type, tuple(modifiers)))
    return found


def dispatch(tab: Tab, event: Event) -> bool:
    """Run what the event calls; whether its default is prevented. Nothing where there is no script.

    Nobody waits: debounced and throttled calls are made at once.
    """
    if tab.conversation is None:
        return False
    prevented = False
    for call in list(_called(tab, event)):
        prevented |= event.type == "submit" or "prevent" in call.modifiers
        _run(tab, call, event)
    return prevented


def _called(tab: Tab, event: Event) -> Iterator[Call]:
    path = [event.target] if event.type in _FLAT else list(event.target.ancestors())
    met = [
        call
        for element in path
        for call in calls_of(element)
        if call.type == event.type and _AT_WINDOW.isdisjoint(call.modifiers) and _fits(call, event)
    ]
    # Those that capture come first, from the outside in.
    met.sort(key=lambda call: -path.index(call.element) if "capture" in call.modifiers else 1)
    for call in met:
        yield call
        if "stop" in call.modifiers:
            return
    for element in tab.window.root.elements():
        for call in calls_of(element):
            is_there = call.type == event.type and not _AT_WINDOW.isdisjoint(call.modifiers)
            if is_there and _fits(call, event):
                yield call


def _fits(call: Call, event: Event) -> bool:
    key = "space" if event.key == " " else event.key.lower()
    for before, name in zip(("", *call.modifiers), call.modifiers, strict=False):
        if name == "self" and event.target is not call.element:
            return False
        if name == "outside" and call.element in event.target.ancestors():
            return False
        if name in HELD_KEYS and name not in event.held:
            return False
        is_key = name not in MODIFIERS and not (name.isdecimal() and before in DELAYS)
        if is_key and key and name != key:
            return False
    return True


def _run(tab: Tab, call: Call, event: Event) -> None:
    assert tab.conversation is not None
    element = call.element
    if call.cancels:
        for _, called in _operands(tab, call):
            tab.conversation.say(CANCEL, called)
        return
    if "once" in call.modifiers and not tab.conversation.first(element, call.descriptor):
        return
    source = element if element.name in {*CONTROLS, "form", "button"} else event.target
    controls = tab.window.controls
    if source.name == "form":
        fields = own_fields(form_fields(source, controls))
        seen = tab.window.fields_seen(elements_of(source))
    else:
        fields = own_fields(control_fields(source, controls))
        seen = tab.window.fields_seen(controls.group(source))
    for operands in _operands(tab, call):
        details = [{"type": event.type, "key": event.key}] if tab.window.tells_events() else []
        tab.conversation.say(*operands, fields, *details, seen=seen)


def _operands(tab: Tab, call: Call) -> Iterator[tuple[int, Any]]:
    """How the op says what it calls; nothing when it stands in no slot."""
    reference = call.element.get(call.descriptor)
    if reference is not None:
        yield CALL_REF, tab.reference_in(reference) or reference
        return
    document = tab.window.document
    for address, slot in document.actions() if document else ():
        if slot.element is call.element and slot.descriptor == call.descriptor:
            yield CALL_SLOT, list(address)
            return
