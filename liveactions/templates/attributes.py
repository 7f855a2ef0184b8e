"""The ``live-…`` attributes and modifiers, with descriptions as Markdown, for the compiler, checks and
editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "live-"
ATTRIBUTES: Final[Mapping[str, str]] = {
    "animate": "On elements or around them: CSS animates `[data-entering]` and `[data-leaving]`.",
    "bind": (
        "On an input, select or textarea: the control sets a field of the page, and shows it:"
        ' `live-bind="{{ live.field.q }}"`.'
    ),
    "cancel": 'Cancels a running action: `live-cancel="{{ run }}"`. Without a value, an upload.',
    "confirm": "Asks this question first, and calls the action only if the visitor agrees.",
    "default": "On a button: the one that Enter in a field of the form presses.",
    "drop": "Accepts dropped files, for the file input in it.",
    "entries": "On a `template` in a form: its contents are shown for each file chosen in this field.",
    "field": (
        "In a `live-optimistic` template: contains the submitted value of this field. In `live-entries`: the"
        " file's `name`, `size` or `error`."
    ),
    "guard": "On a form or around several: asks this question before unsaved changes are left behind.",
    "hook": "Binds the object of this name, which the page's own script defines with `hook(…)`.",
    "ignore": (
        "Patches leave this element and its contents alone. `children`: only its contents."
        " `class style`: only these attributes."
    ),
    "keep": "On an element with an `id`: it moves into the next page as it is, if that has it too.",
    "modal": "On a `dialog` that is `open`: opens it as a modal one, until the server closes or removes it.",
    "nav": "On links or around them: opens live pages over the same socket, without a page load.",
    "optimistic": (
        "On a `template`: its contents are shown at once, until the answer arrives. Outside of a form, name"
        ' the action: `live-optimistic="create"`.'
    ),
    "pending": "On a button: its text while its action runs.",
    "preview": "On an `img` in a `live-entries` template: shows the picture that is chosen.",
    "progress": "On a `progress`: shows how much of an upload has been sent.",
    "run": "On a `script`: runs when a patch inserts it. Other scripts don't.",
    "transition": "On or around a control: a view transition shows its answer. On `body`: all changes.",
    "validate": "On a form: validates touched fields while the user types.",
}
"""Attributes that aren't events, without their prefix."""
CLIENT_EVENTS: Final[Mapping[str, str]] = {
    "hidden": "Calls an action when the element has left the view.",
    "sort": (
        "On a list whose items have a `data-key`: people put the items in order, and the action gets `id` and"
        " `before`. Between lists of a group: `live-sort.group.cards`."
    ),
    "visible": "Calls an action when the element comes into view.",
    "window": (
        "On a list that has a part of its rows, those from `data-first` on of `data-total`: asks for those"
        " that come into view."
    ),
}
"""Events that browsers don't know."""
DELAYS: Final[Mapping[str, str]] = {
    "debounce": "Waits until nothing has happened for so many milliseconds: `live-input.debounce.300`.",
    "throttle": "Calls the action at most once in so many milliseconds: `live-scroll.throttle.500`.",
}
"""Modifiers that may be followed by a number of milliseconds."""
HELD_KEYS: Final[Mapping[str, str]] = {
    "alt": "Only while the Alt key is held.",
    "ctrl": "Only while the Ctrl key is held.",
    "meta": "Only while the Meta key (⌘ or Windows) is held.",
    "shift": "Only while the Shift key is held.",
}
MODIFIERS: Final[Mapping[str, str]] = {
    **DELAYS,
    **HELD_KEYS,
    "capture": "Listens while the event is on its way down to its target.",
    "once": "Calls the action for the first event only.",
    "outside": "Only for events outside of the element.",
    "passive": "Promises that the event is never prevented, so that scrolling needn't wait.",
    "prevent": "Prevents what the browser would do.",
    "self": "Only for events of the element itself, not of those in it.",
    "stop": "Keeps the event from elements around this one.",
    "window": "Listens in the whole window.",
}
"""Modifiers of any event."""
VIEW_MODIFIERS: Final[Mapping[str, str]] = {
    "half": "When half of the element is in view.",
    "margin": "So far before the element comes into view: `live-visible.margin.200px`.",
}
"""Modifiers of ``visible`` and ``hidden``."""
BIND_MODIFIERS: Final[Mapping[str, str]] = {
    "blur": "Sets the field when the control loses the focus: `live-bind.blur`.",
    "change": "Sets the field when the visitor has finished a change: `live-bind.change`.",
}
"""Modifiers of ``live-bind``, besides `DELAYS`."""
