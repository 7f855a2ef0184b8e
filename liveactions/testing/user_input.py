"""User input, the events that follow, and the default behavior of browsers.

As in a browser, a form's constraints are checked before it is submitted, and events call the actions of the
elements on their path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from ..protocol.constants import CALL_REF, CALL_SLOT, CANCEL, VALIDATE
from ..templates.live_attributes import DELAYS, HELD_KEYS, MODIFIERS
from .asgi import ORIGIN
from .commands import Runner, commands_in, submitted_by
from .controls import (
    CHECKABLE,
    CONTROLS,
    Controls,
    File,
    Files,
    State,
    chosen_files,
    control_fields,
    elements_of,
    form_fields,
    kind,
    own_fields,
    owner,
    submitters,
    top,
)
from .dom import Element, is_disabled
from .failures import Refusal, listing
from .locators import FLAT, Call, calls_of, fillable
from .overlays import command_of, dismiss, run_command
from .tab import Tab

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")


def objection(form: Element, submitter: Element | None, controls: Controls) -> str | None:
    """Return why a browser wouldn't submit the form; None if it would."""
    if form.get("novalidate") is not None or (submitter and submitter.get("formnovalidate") is not None):
        return None
    for control in elements_of(form):
        if control.name in CONTROLS and not is_disabled(control) and control.get("readonly") is None:
            problem = _problem(control, controls)
            if problem:
                return f"{control!r} {problem}"
    return None


def _problem(control: Element, controls: Controls) -> str | None:
    if kind(control) in CHECKABLE:
        chosen = any(controls.state(member) for member in controls.group(control))
        return "must be checked" if control.get("required") is not None and not chosen else None
    value = controls.value(control)
    if not value:
        return "must be filled in" if control.get("required") is not None else None
    pattern = control.get("pattern")
    if pattern is not None and control.name == "input" and not re.fullmatch(pattern, value):
        return f"has {value!r}, which doesn't match its pattern"
    if kind(control) == "email" and not _EMAIL.fullmatch(value):
        return f"has {value!r}, which isn't an email address"
    least = control.get("minlength") or ""
    if least.isdigit() and len(value) < int(least) and controls.is_edited(control):
        return f"has {value!r}, which is shorter than {least}"
    return None


_AT_WINDOW: Final = frozenset({"outside", "window"})
"""Modifiers of event attributes that also receive events of other elements."""


@dataclass(frozen=True, slots=True)
class DomEvent:
    """An event at `target`. `held` are modifier keys."""

    target: Element
    type: str
    key: str = ""
    held: frozenset[str] = frozenset()
    detail: Any = None
    bubbles: bool = True


def dispatch(tab: Tab, event: DomEvent) -> bool:
    """Run what an event calls. Return whether its default is prevented. Without JavaScript, do nothing.

    Debounced and throttled calls are made immediately.
    """
    if tab.conversation is None:
        return False
    prevented = False
    for call in list(_called(tab, event)):
        prevented |= "prevent" in call.modifiers
        prevented |= _run(tab, call, event)
    return prevented


def _is_among(file: File, files: Sequence[File]) -> bool:
    return any(file is other for other in files)


def _called(tab: Tab, event: DomEvent) -> Iterator[Call]:
    is_flat = event.type in FLAT or not event.bubbles
    path = [event.target] if is_flat else list(event.target.ancestors())
    met = [
        call
        for element in path
        for call in calls_of(element)
        if call.type == event.type and _AT_WINDOW.isdisjoint(call.modifiers) and _fits(call, event)
    ]
    # Capturing calls come first, from the outside in.
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


def _fits(call: Call, event: DomEvent) -> bool:
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


def _run(tab: Tab, call: Call, event: DomEvent) -> bool:
    """Run what an element calls. Return whether the event's default is prevented."""
    assert tab.conversation is not None
    element = call.element
    if call.cancels:
        for _, called in _operands(tab, call):
            tab.conversation.say(CANCEL, called)
        return event.type == "submit"
    if "once" in call.modifiers and not tab.conversation.first(element, call.descriptor):
        return event.type == "submit"
    commands = commands_in(element.get(call.descriptor))
    if commands is not None:
        return _run_commands(tab, element, commands, event)
    for operands in _operands(tab, call):
        _call(tab, element, operands, event)
    return event.type == "submit"


def _run_commands(tab: Tab, element: Element, commands: list[list[Any]], event: DomEvent) -> bool:
    """Run client commands. Return whether the event's default is prevented: they make a call instead."""
    runner = Runner(tab.window, UserInput(tab), element)
    form = submitted_by(element, event.type)
    for name, *rest in commands:
        if name != "call":
            runner.run(name, *rest)
            continue
        problem = objection(form, element, tab.window.controls) if form and form is not element else None
        if problem:
            raise Refusal(f"a browser wouldn't submit the form: {problem}")
        _call(tab, form or element, (CALL_REF, rest[0]), event)
    return form is not None and any(name == "call" for name, *_ in commands)


def _call(tab: Tab, element: Element, operands: tuple[int, Any], event: DomEvent) -> None:
    """Call an action with the fields of the element, or of the event's target."""
    assert tab.conversation is not None
    source = element if element.name in {*CONTROLS, "form", "button"} else event.target
    controls = tab.window.controls
    if source.name == "form":
        fields = own_fields(form_fields(source, controls))
        seen = tab.window.fields_seen(elements_of(source))
    else:
        fields = own_fields(control_fields(source, controls))
        seen = tab.window.fields_seen(controls.group(source))
    tells = tab.window.tells_events()
    details = [{"type": event.type, "key": event.key, "detail": event.detail}] if tells else []
    tab.conversation.say(*operands, fields, *details, seen=seen)


def _operands(tab: Tab, call: Call) -> Iterator[tuple[int, Any]]:
    """Yield the operands that identify what an operation calls; none if it is in no slot."""
    reference = call.element.get(call.descriptor)
    if reference is not None:
        yield CALL_REF, tab.reference_in(reference) or reference
        return
    document = tab.window.document
    for address, slot in document.actions() if document else ():
        if slot.element is call.element and slot.descriptor == call.descriptor:
            yield CALL_SLOT, list(address)
            return


_HELD: Final = {"Control": "ctrl", "Shift": "shift", "Alt": "alt", "Meta": "meta"}


class UserInput:
    """User input in one tab. `Tab.settle` waits for what it starts."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    # Mouse

    def click(self, element: Element) -> None:
        active = next((above for above in element.ancestors() if _is_active(above)), element)
        if is_disabled(active):
            raise Refusal(f"{active!r} is disabled")
        self.focus(active if _takes_focus(active) else None)
        changed = self._toggle(active) if kind(active) in CHECKABLE else False
        prevented = self._happen(element, "click")
        if changed:
            self._happen(active, "input")
            self._validate(active)
            self._happen(active, "change")
        if not prevented:
            self._activate(active, element)

    def dispatch(self, element: Element, type: str, detail: Any, bubbles: bool = True) -> None:
        """Dispatch an event, as the script of a hook does."""
        dispatch(self.tab, DomEvent(element, type, detail=detail, bubbles=bubbles))

    def sort(self, call: Call, item: Element, before: Element | None) -> None:
        """Put an item into a list: before another one, or at its end."""
        fields = ["id", item.get("data-key")]
        if before is not None:
            fields += ["before", before.get("data-key")]
        self._call(call, fields)

    def scroll(self, call: Call, first: int, count: int) -> None:
        """Scroll a list with ``live-window`` to rows."""
        self._call(call, ["first", str(first), "count", str(count)])

    def _call(self, call: Call, fields: list[str | None]) -> None:
        assert self.tab.conversation is not None
        for operands in _operands(self.tab, call):
            self.tab.conversation.say(*operands, fields, seen={})

    def double_click(self, element: Element) -> None:
        for _ in range(2):
            self._happen(element, "click")
        self._happen(element, "dblclick")

    def _activate(self, active: Element, element: Element) -> None:
        """Run the default behavior of a click."""
        form = owner(active)
        command = command_of(active, self.tab.window.root)
        dismiss(element, self.tab.window.root, command)
        if command is not None:
            if run_command(*command):
                self._happen(command[1], "close")
        elif kind(active) in ("submit", "image") and form is not None:
            self._submit(form, active)
        elif active.name == "a":
            self._follow(active)
        elif active.name == "summary" and active.parent is not None:
            folded = active.parent.get("open") is None
            active.parent.set("open", "" if folded else None)
        elif active.name == "label":
            self._press_label(active)
        elif active.name not in CONTROLS and self._lacks_script(element):
            raise Refusal(f"{element!r} does nothing without JavaScript")

    def _lacks_script(self, element: Element) -> bool:
        return self.tab.conversation is None and any(calls_of(above) for above in element.ancestors())

    def _toggle(self, control: Element) -> bool:
        state = self.tab.window.controls.state(control)
        if kind(control) == "radio" and state:
            return False
        self.tab.window.controls.edit(control, not state)
        return True

    def _press_label(self, label: Element) -> None:
        inside = (element for element in label.elements() if element.name in CONTROLS)
        id = label.get("for")
        target = next((element for element in top(label).elements() if id and element.get("id") == id), None)
        target = target or next(inside, None)
        if target is not None and not is_disabled(target):
            self.click(target)

    def hover(self, element: Element) -> None:
        """Rest on an element: the page to which a link leads is loaded ahead, if it navigates."""
        tab = self.tab
        link = next((above for above in element.ancestors() if above.name == "a"), None)
        how = next(
            (how for above in element.ancestors() if (how := above.get("live-nav")) is not None), "still"
        )
        target = urlsplit(urljoin(ORIGIN + tab.url, (link and link.get("href")) or ""))
        if tab.conversation and link and how != "still" and target.path != urlsplit(tab.url).path:
            tab.conversation.prefetch(target._replace(scheme="", netloc="", fragment="").geturl())

    def _follow(self, link: Element) -> None:
        tab = self.tab
        href = link.get("href") or ""
        target = urljoin(ORIGIN + tab.url, href)
        is_live = any(above.get("live-nav") is not None for above in link.ancestors())
        if tab.conversation and is_live and target.startswith(ORIGIN):
            tab.navigate(target)
        elif target.partition("#")[0] != (ORIGIN + tab.url).partition("#")[0] or "#" not in href:
            tab.load_later("GET", target)

    # Keyboard

    def type(self, control: Element, text: str) -> None:
        """Replace the text in a field."""
        most = control.get("maxlength") or ""
        if control.get("readonly") is not None:
            raise Refusal(f"{control!r} is read-only")
        if most.isdigit() and len(text) > int(most):
            raise Refusal(f"{control!r} takes at most {most} characters")
        if "\n" in text and control.name == "input":
            raise Refusal(f"{control!r} has only one line")
        self.focus(control)
        self.tab.window.controls.edit(control, text)
        self.tab.window.is_uncommitted = True
        self._happen(control, "input")
        self._validate(control)

    def choose(self, select: Element, options: Sequence[Element]) -> None:
        self._change(select, tuple(options))

    def attach(self, control: Element, files: Sequence[File]) -> None:
        if len(files) > 1 and control.get("multiple") is None:
            raise Refusal(f"{control!r} takes one file")
        before = chosen_files(control, self.tab.window.controls)
        for file in before:
            if not _is_among(file, files):
                self.tab.discard(control, file)
        self.tab.uploads.chose([file for file in files if not _is_among(file, before)])
        self._change(control, Files(tuple(files)))
        self.tab.chose(control)

    def _change(self, control: Element, state: State) -> None:
        self.focus(control)
        self.tab.window.controls.edit(control, state)
        self._happen(control, "input")
        self._validate(control)
        self._happen(control, "change")

    def press(self, keys: str) -> None:
        """Press a key where the focus is: ``Enter``, ``Control+Enter``."""
        *held, key = keys.split("+") if keys != "+" else [keys]
        if not _HELD.keys() >= set(held):
            raise Refusal(f"{keys!r}: only {listing(_HELD)} can be held while another key is pressed")
        held_keys = frozenset(_HELD[name] for name in held)
        key = " " if key == "Space" else key
        window = self.tab.window
        body = next(element for element in window.root.elements() if element.name in ("body", "html"))
        target = window.focused or body
        if not dispatch(self.tab, DomEvent(target, "keydown", key, held_keys)) and not held:
            self._type_key(target, key)
        dispatch(self.tab, DomEvent(target, "keyup", key, held_keys))

    def _type_key(self, target: Element, key: str) -> None:
        is_button = target.name in ("button", "summary") or kind(target) in ("submit", "button", "reset")
        if key == "Enter" and (is_button or target.name == "a"):
            self.click(target)
        elif key == "Enter" and target.name == "textarea":
            self.type(target, str(self.tab.window.controls.value(target)) + "\n")
        elif key == "Enter" and target.name == "input":
            self._commit()
            self._submit_implicitly(target)
        elif key == " " and (is_button or kind(target) in CHECKABLE):
            self.click(target)

    def _submit_implicitly(self, control: Element) -> None:
        """Submit by Enter: by the form's default button, or if it has no buttons and only one field."""
        form = owner(control)
        if form is None:
            return
        buttons = submitters(form)
        if self.tab.conversation:
            named = [element for element in elements_of(form) if element.get("live-default") is not None]
            buttons = named or buttons
        if buttons:
            if not is_disabled(buttons[0]) and not self._happen(buttons[0], "click"):
                self._submit(form, buttons[0])
        elif sum(fillable(element) == 0 for element in elements_of(form) if element.name == "input") <= 1:
            self._submit(form, None)

    # Focus

    def focus(self, element: Element | None) -> None:
        """Move the focus."""
        window = self.tab.window
        old = window.focused
        if old is element:
            return
        self._commit()
        window.focused = element
        if old is not None and window.has(old):
            self._happen(old, "blur")
            self._happen(old, "focusout")
        if element is not None:
            self._happen(element, "focus")
            self._happen(element, "focusin")

    def takes_focus(self, element: Element) -> bool:
        """Return whether an element can have the focus, if it is shown and isn't disabled."""
        return _takes_focus(element)

    def _commit(self) -> None:
        """Dispatch the change event of an edited field."""
        window = self.tab.window
        if window.is_uncommitted and window.focused is not None and window.has(window.focused):
            window.is_uncommitted = False
            self._happen(window.focused, "change")

    # Forms

    def _submit(self, form: Element, submitter: Element | None) -> None:
        problem = objection(form, submitter, self.tab.window.controls)
        if problem:
            raise Refusal(f"a browser wouldn't submit the form: {problem}")
        if not self._happen(form, "submit"):
            self.tab.submit(form, submitter)

    def _validate(self, control: Element) -> None:
        """Validate the touched fields of a form with ``live-validate``."""
        tab, form = self.tab, owner(control)
        if tab.conversation is None or form is None or form.get("live-validate") is None:
            return
        reference, controls = tab.reference(form), tab.window.controls
        if reference is not None:
            elements = [element for element in elements_of(form) if element.name in CONTROLS]
            touched = dict.fromkeys(
                element.get("name") or "" for element in elements if controls.is_edited(element)
            )
            fields = own_fields(form_fields(form, controls))
            # Without `seen`: the server stores nothing that it validates, so no edit is answered.
            tab.conversation.say(VALIDATE, reference, fields, list(touched))

    def _happen(self, element: Element, type: str) -> bool:
        return dispatch(self.tab, DomEvent(element, type))


def _takes_focus(element: Element) -> bool:
    is_active = _is_active(element) and element.name != "label"
    return is_active or element.get("tabindex") is not None


def _is_active(element: Element) -> bool:
    """Return whether a click on or in an element has a default behavior."""
    if element.name == "a":
        return element.get("href") is not None
    return element.name in {*CONTROLS, "button", "summary", "label"}
