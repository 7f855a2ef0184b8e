"""The state of an open page as its developer sees and edits it (debug mode only)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import ValidationError

from ..actions.form_input import MISSING
from .component import Component, walk
from .fields import Field
from .page import Page

SHOWN: Final = 10_000
"""Maximum number of characters of a value to show. Longer values can't be edited."""


def described_state(page: Page) -> list[dict[str, Any]]:
    """Return the page's components: path, class and fields, with values as JSON.

    A field that can't be edited has a reason in ``fixed``.
    """
    return [
        {
            "path": path,
            "class": type(component).__qualname__,
            "fields": [
                _described(component, field)
                for field in component._live_record.description.fields.values()
                if field.children is None
            ],
        }
        for path, component in walk(page)
    ]


def _described(component: Component, field: Field) -> dict[str, Any]:
    value, fixed = vars(component).get(field.name, MISSING), fixed_by(component, field)
    try:
        text = "" if value is MISSING else field.codec.encode(value).decode()
    except Exception:  # `loaded()` fields may have any value
        text = _described_value(value)
    if len(text) > SHOWN:
        text, fixed = f"{text[:SHOWN]}…", fixed or "it is too long"
    return {
        "name": field.name,
        "type": _type(field),
        "value": text,
        "fixed": fixed,
    }


def _type(field: Field) -> str:
    """Return the annotation as text, without metadata: ``str`` for ``InUrl[str]``."""
    annotation = field.annotation
    return inspect.formatannotation(
        get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    )


def _described_value(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # of an application's own `__repr__`
        return f"<{type(value).__qualname__}, whose repr() fails: {type(error).__name__}>"


def fixed_by(component: Component, field: Field) -> str:
    """Return the reason why a field can't be edited; "" if it can."""
    if field.is_loaded:
        return "load() sets it"
    if field.is_stream:
        return "it is a stream"
    is_in_path = isinstance(component, Page) and field.name in component._live_route.names
    return "it is part of the page's path" if is_in_path else ""


def edit(page: Page, path: str, name: str, text: str) -> Callable[[Page], Awaitable[None]]:
    """Return a function that sets a field of the page, or of one of its components, to a value.

    `text` is the value as JSON. Raise `ValueError` if it doesn't fit the field's annotation, or if there is
    no such field that can be edited.
    """
    field = _field(page, path, name)
    title = f"{type(_component(page, path)).__qualname__}.{name}"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{title}: this isn\'t JSON ({error}). Texts have quotes: "text"') from None
    try:
        value = field.codec.load(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        messages = [": ".join([*map(str, one["loc"]), one["msg"]]) for one in found]
        kind = _type(field)
        raise ValueError(f"{title} is {kind}: {'; '.join(messages)}") from None

    async def assign(page: Page) -> None:
        setattr(_component(page, path), name, value)

    assign.__qualname__ = f"{title} = {text[:40]}"
    return assign


def _component(page: Page, path: str) -> Component:
    found = dict(walk(page)).get(path)
    if found is None:
        raise ValueError(f"the page has no component at {path!r}")
    return found


def _field(page: Page, path: str, name: str) -> Field:
    component = _component(page, path)
    field = component._live_record.description.fields.get(name)
    if field is None or field.children is not None:
        raise ValueError(f"{type(component).__qualname__} has no field {name!r}")
    if reason := fixed_by(component, field):
        raise ValueError(f"{type(component).__qualname__}.{name} can't be edited: {reason}")
    return field
