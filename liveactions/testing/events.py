"""Events on elements that call something, as the client handles them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..wire import CALL_REF, CALL_SLOT, CANCEL, MARK, MARK_EVENT
from .controls import CONTROLS
from .dom import Element
from .fields import control_fields, elements_of, form_fields, own_fields

if TYPE_CHECKING:
    from .tab import Tab

_OTHERS: Final = frozenset(
    "nav validate default pending confirm ignore modal progress drop hook optimistic field".split()
)
"""Attributes of the library that name no event."""
_FLAT: Final = frozenset("blur focus mouseenter mouseleave load error scroll".split())
"""Events that don't bubble."""
_KEYS: Final = frozenset({"ctrl", "shift", "alt", "meta"})
_TIMING: Final = frozenset({"debounce", "throttle"})


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
        elif type not in _OTHERS:
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
    for element in path:
        for call in calls_of(element):
            if call.type == event.type and "window" not in call.modifiers and _fits(call, event):
                yield call
    for element in tab.window.root.elements():
        for call in calls_of(element):
            if call.type == event.type and "window" in call.modifiers and _fits(call, event):
                yield call


def _fits(call: Call, event: Event) -> bool:
    for name in call.modifiers:
        if name == "self" and event.target is not call.element:
            return False
        if name in _KEYS and name not in event.held:
            return False
        is_word = name in _KEYS | _TIMING | {"self", "once", "window", "prevent"} or name.isdigit()
        key = "space" if event.key == " " else event.key.lower()
        if not is_word and key and name != key:
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
