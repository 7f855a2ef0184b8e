"""What browsers check before they send a form."""

from __future__ import annotations

import re

from .controls import CHECKABLE, CONTROLS, Controls, kind
from .dom import Element
from .fields import elements_of
from .visible import is_disabled

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")


def objection(form: Element, submitter: Element | None, controls: Controls) -> str | None:
    """Why a browser wouldn't send the form; None when it does."""
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
        return "must be filled" if control.get("required") is not None else None
    pattern = control.get("pattern")
    if pattern is not None and control.name == "input" and not re.fullmatch(pattern, value):
        return f"has {value!r}, which doesn't match its pattern"
    if kind(control) == "email" and not _EMAIL.fullmatch(value):
        return f"has {value!r}, which is no e-mail address"
    least = control.get("minlength") or ""
    if least.isdigit() and len(value) < int(least) and controls.is_edited(control):
        return f"has {value!r}, which is shorter than {least}"
    return None
