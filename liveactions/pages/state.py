"""A page's state as JSON-able data, as the snapshot contains it, and back.

The data has the state fields of all components, the outcomes of calls, and messages that haven't been shown.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from ..actions.form_readers import MISSING
from ..actions.form_state import SUCCEEDED, FormState, FormStates
from ..actions.run_context import Flash
from ..exceptions import StateError, UnknownAction
from .component import Component, attach, make, walk
from .fields import Children, Field
from .lookup import find
from .page import Page


def dump_state(page: Page) -> Any:
    """Return the state of a page as JSON-able data: the fields of all its components, its forms and messages.

    Raise `TypeError` if a field's value doesn't match its annotation.
    """
    forms = dump_forms(page) if page.live.forms.states or page._live_record.waiting else {}
    if page.live.flashes:
        return [_dump(page), forms, [[one.text, one.kind] for one in page.live.flashes]]
    return [_dump(page), forms] if forms else [_dump(page)]


def encode_state(page: Page) -> bytes:
    """Return the JSON of `dump_state`. Raise `TypeError`, naming the field, if a value can't be encoded."""
    data = dump_state(page)
    try:
        return to_json(data, inf_nan_mode="constants")
    except ValueError as error:
        raise TypeError(f"{_unwritable(page)} contains invalid Unicode: {error}") from error


def _unwritable(page: Page) -> str:
    """Describe the part of a page's state that can't be encoded as JSON."""
    for path, component in walk(page):
        own = {field.name for field in component._live_record.description.state if field.children is None}
        for name, value in _dump(component).items():
            if name in own and not _is_writable(value):
                return f"{type(component).__qualname__}.{name}" + (f" (at {path})" if path else "")
    return "the result of an action, or a message for the visitor,"


def _is_writable(data: Any) -> bool:
    try:
        to_json(data, inf_nan_mode="constants")
    except ValueError:
        return False
    return True


def restore_state(page: Page, data: Any) -> None:
    """Set the fields of an attached page from the data of `dump_state`. `load` has to run afterwards.

    Fields that the class no longer has are ignored; new ones keep their defaults. Raise `StateError` if a
    value no longer fits its field.
    """
    try:
        state, *more = data
        _load(page, state)
        if page._live_record.description.children:
            attach(page, page.live)
        forms = more[0] if more else {}
        if page._live_defines_actions:
            page._live_record.waiting = forms  # the page's actions aren't known before it has run
        else:
            load_forms(page, forms)
        page.live.flashes = tuple(Flash(*one) for one in (more[1] if len(more) > 1 else ()))
    except StateError:
        raise
    except Exception as error:  # validators may raise anything
        raise StateError(f"{type(page).__qualname__}: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return an exception's text for the log, without values of the state."""
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    return "; ".join(one["msg"] for one in error.errors(include_url=False, include_input=False))


def _dump(component: Component) -> dict[str, Any]:
    record, values = component._live_record, component.__dict__
    data: dict[str, Any] = {}
    for field in record.description.state:
        name = field.name
        value = values.get(name, MISSING)
        if field.children is not None:
            if value is not MISSING:
                data[name] = _dump_children(field.children, field, value)
        elif type(value) in field.codec.scalars:
            data[name] = value
        elif value is not MISSING:
            data[name] = _dump_value(component, field, value)
    return data


def _dump_value(component: Component, field: Field, value: Any) -> Any:
    if not field.is_frozen:
        return _named(component, field, value)
    dumped = component._live_record.dumped
    known = dumped.get(field.name)
    if known is None or known[0] is not value:
        known = dumped[field.name] = value, _named(component, field, value)
    return known[1]


def _named(component: Component, field: Field, value: Any) -> Any:
    try:
        data = field.codec.dump(value)
        field.codec.require_same(value, data, strict=component.live.services.is_strict)
        return data
    except (TypeError, ValueError) as error:  # pydantic's are
        raise TypeError(f"{type(component).__qualname__}.{field.name}: {error}") from error


def _dump_children(children: Children, field: Field, value: Any) -> Any:
    if value is None:
        return None
    if children.shape == "one":
        return _dump_child(children, field, value)
    if children.shape == "list":
        return [_dump_child(children, field, item) for item in value]
    return {children.key_text(key): _dump_child(children, field, item) for key, item in value.items()}


def _dump_child(children: Children, field: Field, child: Component) -> Any:
    if type(child) is not children.cls and type(child) is not type(field.default):
        kind, wanted = type(child).__qualname__, children.cls.__qualname__
        raise TypeError(f"field {field.name!r} holds a {kind}, which can't be restored from {wanted}")
    return _dump(child)


def _load(component: Component, data: Any) -> None:
    if not isinstance(data, dict):
        raise TypeError("not a component's state")
    values = component.__dict__
    component._live_record.mounted = component._live_record.stale = True
    for field in component._live_record.description.state:
        if field.name not in data:
            continue
        stored = data[field.name]
        if field.children is not None:
            values[field.name] = _load_children(field.children, stored, values.get(field.name))
        else:
            values[field.name] = _load_value(component, field, stored)


def _load_value(component: Component, field: Field, stored: Any) -> Any:
    try:
        return field.codec.load(stored)
    except Exception as error:
        raise StateError(f"{type(component).__qualname__}.{field.name}: {_why(error)}") from error


def _load_children(children: Children, stored: Any, present: Any) -> Any:
    if stored is None:
        return None
    if children.shape == "one":
        return _load_child(children, stored, present)
    if children.shape == "list":
        items = [_load_child(children, item, None) for item in stored]
        return tuple(items) if children.container is tuple else items
    return {children.key(text): _load_child(children, item, None) for text, item in stored.items()}


def _load_child(children: Children, stored: Any, present: Component | None) -> Component:
    child = make(children.annotation) if present is None else present
    _load(child, stored)
    return child


_EMPTY: Final[tuple[Any, ...]] = (0, None, "", {}, {})
_DONE: Final = [1]
"""The outcome of most calls: success, without a result."""
Stored = dict[str, list[Any]]
"""By `ActionRef.key`: ok, result, error, errors, values; trailing empty ones are omitted."""


def dump_forms(page: Page) -> Stored:
    """Return the outcomes of calls as data. Raise `TypeError` for a result that can't be stored."""
    waiting: Stored | None = page._live_record.waiting
    if waiting:
        return waiting
    stored: Stored = {}
    for key, state in page.live.forms.states.items():
        try:
            stored[key] = _DONE if state is SUCCEEDED else _dump_form(page, key, state)
        except UnknownAction:  # the component is gone, or the page function no longer defines the action
            continue
    return stored


def load_forms(page: Page, stored: Stored) -> None:
    """Set the outcomes of the actions that still exist and whose results still fit."""
    if page.live.forms.states:
        page.live.forms = FormStates()
    states = page.live.forms
    for key, one in stored.items():
        if one == _DONE:
            states.put(key, SUCCEEDED)
            continue
        ok, result, error, errors, values = [*one, *_EMPTY[len(one) :]]
        with suppress(UnknownAction, ValidationError):
            known = None if result is None else find(page, key).results.load(result)
            states.put(key, FormState(bool(ok), known, error, errors, values))


def _dump_form(page: Page, key: str, state: FormState) -> list[Any]:
    result = None if state.result is None else find(page, key).results.dump(state.result)
    data = [int(state.ok), result, state.error, dict(state.errors), dict(state.values)]
    while len(data) > 1 and data[-1] == _EMPTY[len(data) - 1]:
        data.pop()
    return data
