"""The ``live-…`` attributes and modifiers, with descriptions as Markdown, for the compiler, checks and
editors; and the names of attributes that call actions: ``live-keydown.ctrl.enter.prevent``, an event and its
modifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

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
    "debounce": "Waits until no event has occurred for this many milliseconds: `live-input.debounce.300`.",
    "throttle": "Calls the action at most once in this many milliseconds: `live-scroll.throttle.500`.",
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
    "margin": "At this distance before the element comes into view: `live-visible.margin.200px`.",
}
"""Modifiers of ``visible`` and ``hidden``."""
BIND_MODIFIERS: Final[Mapping[str, str]] = {
    "blur": "Sets the field when the control loses the focus: `live-bind.blur`.",
    "change": "Sets the field when the visitor has finished a change: `live-bind.change`.",
}
"""Modifiers of ``live-bind``, besides `DELAYS`."""
BIND: Final = "live-bind"
NOT_EVENTS: Final = frozenset(ATTRIBUTES)
"""``live-…`` attributes that aren't events."""
_VIEW_EVENTS: Final = frozenset({"visible", "hidden"})
"""Events of the client: an element comes into view, or leaves it."""
_MARGIN = re.compile(r"\d+px")
_SORT: Final = "sort"
"""The event of the client: the user puts an item into a list, or moves it in the list."""
_WINDOW: Final = "window"
"""The event of the client: rows come into view that a long list doesn't have yet."""
_KEY_EVENTS: Final = frozenset({"keydown", "keypress", "keyup"})
_KEYS: Final = frozenset(
    "accept again altgraph arrowdown arrowleft arrowright arrowup attn audiovolumedown audiovolumemute"
    " audiovolumeup backspace brightnessdown brightnessup browserback browserfavorites browserforward"
    " browserhome browserrefresh browsersearch browserstop cancel capslock clear close compose contextmenu"
    " control convert copy cut dead delete eisu eject end enter escape execute exit find fn fnlock hangulmode"
    " hanjamode help hiragana home insert junjamode kanamode kanjimode katakana launchmail medianexttrack"
    " mediapause mediaplay mediaplaypause mediastop mediatracknext mediatrackprevious modechange new"
    " nonconvert numlock open pagedown pageup paste pause play power print printscreen process redo romaji"
    " save scrolllock select send space spellcheck standby tab undo unidentified wakeup zenkaku zoomin"
    " zoomout".split()
) | {f"f{number}" for number in range(1, 25)}
"""Names of keys, in lower case, as events report them; the space bar is "space"."""
EVENTS: Final = tuple(
    "abort animationcancel animationend animationiteration animationstart auxclick beforeinput"
    " beforetoggle blur canplay change click close compositionend compositionstart compositionupdate"
    " contextmenu copy cuechange cut dblclick drag dragend dragenter dragleave dragover dragstart"
    " durationchange emptied ended error focus focusin focusout formdata fullscreenchange"
    " gotpointercapture hashchange hidden input invalid keydown keypress keyup load loadeddata loadedmetadata"
    " loadstart lostpointercapture message mousedown mouseenter mouseleave mousemove mouseout mouseover"
    " mouseup offline online pagehide pageshow paste pause play playing pointercancel pointerdown"
    " pointerenter pointerleave pointermove pointerout pointerover pointerup popstate ratechange reset"
    " resize scroll scrollend search seeked seeking select selectionchange selectstart sort stalled storage"
    " submit suspend timeupdate toggle touchcancel touchend touchmove touchstart transitioncancel"
    " transitionend transitionrun transitionstart visibilitychange visible volumechange waiting wheel"
    " window".split()
)
_SIMILAR: Final = 0.79
"""The similarity of names that differ by one or two letters."""
# For fragments of start tags in templates, which can't be tokenized.
_WRITTEN: Final = re.compile(rf"(?<![\w-]){PREFIX}[a-z][^\s=>/\"'{{}}]*(?=\s*=)", re.IGNORECASE)


class Written(NamedTuple):
    """An attribute's name in source, and its position."""

    name: str
    at: int


def event_attributes_in(source: str) -> Iterator[Written]:
    """Yield names that are followed by "=" in the source of start tags."""
    for found in _WRITTEN.finditer(source):
        yield Written(found[0].lower(), found.start())


def event_of(attribute: str) -> str | None:
    """Return the event of an attribute; None if it isn't an event attribute."""
    event = attribute.removeprefix(PREFIX).partition(".")[0]
    return event if attribute.startswith(PREFIX) and event not in NOT_EVENTS else None


def unknown_modifier(attribute: str) -> str | None:
    """Return a message if one of an attribute's modifiers is unknown."""
    event = event_of(attribute)
    if event is None:
        return None
    modifiers = attribute.split(".")[1:]
    extra = _KEYS if event in _KEY_EVENTS else frozenset(VIEW_MODIFIERS if event in _VIEW_EVENTS else ())
    if event == _SORT:
        return _unknown_of_sort(attribute, modifiers)
    if event == _WINDOW and modifiers:
        return f"{attribute}: takes no modifiers"
    known = MODIFIERS.keys() | extra
    for before, name in zip(["", *modifiers], modifiers, strict=False):
        is_delay = name.isdecimal() and before in DELAYS
        is_key = len(name) == 1 and extra is _KEYS
        is_margin = before == "margin" and event in _VIEW_EVENTS and _MARGIN.fullmatch(name) is not None
        if not (name in known or is_delay or is_key or is_margin):
            return f"{attribute}: unknown modifier .{name}; {_proposal(name, sorted(known))}"
    return None


def _unknown_of_sort(attribute: str, modifiers: list[str]) -> str | None:
    if not modifiers or len(modifiers) == 2 and modifiers[0] == "group" and modifiers[1]:
        return None
    return f"{attribute}: {PREFIX}{_SORT} takes the name of a group only, as in {PREFIX}{_SORT}.group.cards"


def _proposal(name: str, known: list[str]) -> str:
    similar = get_close_matches(name, known, 1)
    if similar:
        return f"did you mean .{similar[0]}?"
    if name.isdecimal():
        return "a number of milliseconds may only follow .debounce or .throttle"
    if name in _KEYS or len(name) == 1:
        return "keys can only be used with keydown and keyup"
    if name in VIEW_MODIFIERS or _MARGIN.fullmatch(name):
        return ".half and .margin.200px can only be used with visible and hidden"
    return (
        f"known are {', '.join(f'.{one}' for one in sorted(MODIFIERS))}, and for keydown and keyup also keys"
    )


def unlikely_event(attribute: str) -> str | None:
    """Return a message if an attribute's event looks like a misspelled one."""
    event = event_of(attribute)
    if event is None or event in EVENTS:
        return None
    similar = [one for one in get_close_matches(event, EVENTS, 1, _SIMILAR) if not event.startswith(one)]
    return f"{attribute}: did you mean {PREFIX}{similar[0]}?" if similar else None
