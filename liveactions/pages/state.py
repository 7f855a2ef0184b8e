"""Converts a page's state to the JSON in its snapshots, and restores it.

The state consists of the state fields of all components, the outcomes of calls, and unshown flashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import repeat
from operator import is_
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from ..actions.codec import read_json
from ..actions.form_input import MISSING
from ..actions.form_state import SUCCEEDED, FormState, FormStates
from ..actions.run_context import Flash
from ..exceptions import StateError, UnknownAction
from ..store.long_states import StateJSON
from .component import Component, ComponentRecord, attach, make, walk
from .field_json import PIECE, Written, write
from .fields import Children, Field
from .lookup import find
from .page import Page


def encode_state(page: Page) -> StateJSON:
    """Return the state of a page as JSON in parts. Parts that haven't changed are the same objects as before.

    Raise `TypeError`, naming the field, if a value doesn't match its annotation or can't be encoded.
    """
    out = [b"["]
    try:
        _encode(page, out)
        flashes = page.live.flashes
        forms = dump_forms(page) if page.live.forms.states or page._live_record.pending_forms else {}
        if forms or flashes:
            out += b",", _json(forms)
        if flashes:
            out += b",", _json([one.dump() for one in flashes])
    except ValueError as error:
        raise TypeError(f"{_unwritable(page)} contains invalid Unicode: {error}") from error
    out.append(b"]")
    return tuple(out)


def check_state_size(page: Page, state: StateJSON) -> None:
    """Raise `ValueError` if a page's state has more bytes than `Limits(state=)`."""
    most, size = page.live.services.state, sum(map(len, state))
    if most is not None and size > most:
        raise ValueError(
            f"the state of {type(page).__qualname__}, with the results of its actions, has {size:,}"
            f" bytes: more than Limits(state={most}). Keep large data in fields declared with loaded(), and"
            " return a Response for a download."
        )


def _json(data: Any) -> bytes:
    return to_json(data, inf_nan_mode="constants")


def _unwritable(page: Page) -> str:
    """Describe the part of a page's state that can't be encoded as JSON."""
    for path, component in walk(page):
        for field in component._live_record.description.state:
            value = component.__dict__.get(field.name, MISSING)
            if field.children is None and value is not MISSING and not _is_writable(component, field, value):
                return f"{type(component).__qualname__}.{field.name}" + (f" (at {path})" if path else "")
    return "the result of an action, or a message for the visitor,"


def _is_writable(component: Component, field: Field, value: Any) -> bool:
    try:
        _json(_dump_value(component, field, value))
    except ValueError:
        return False
    return True


def restore_state(page: Page, data: Any) -> None:
    """Set the fields of an attached page from the data of `encode_state`. `load` has to run afterwards.

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
            page._live_record.pending_forms = forms  # the page's actions are unknown until it has run
        else:
            load_forms(page, forms)
        page.live.flashes = tuple(Flash(*one) for one in (more[1] if len(more) > 1 else ()))
        page.live.restored_flashes = page.live.flashes
    except StateError:
        raise
    except Exception as error:  # validators may raise anything
        raise StateError(f"{type(page).__qualname__}: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return an exception's text for the log, without values of the state."""
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    return "; ".join(one["msg"] for one in error.errors(include_url=False, include_input=False))


def _encode(component: Component, out: list[bytes]) -> None:
    """Append the JSON of a component's fields to `out`."""
    values, description = component.__dict__, component._live_record.description
    found = tuple(map(values.get, description.state_names, repeat(MISSING)))
    scalars = _encode_scalars(component._live_record, found)
    if scalars is not None:
        out += scalars
        return
    plain: dict[str, Any] = {}
    written: list[bytes] = []
    for field in description.state:
        name = field.name
        value = values.get(name, MISSING)
        if value is MISSING:
            continue
        if field.children is not None:
            written += b",", field.key
            _encode_children(field.children, field, value, written)
        elif type(value) in field.codec.scalars:
            plain[name] = value
        elif field.is_frozen:
            written += b",", field.key
            written += _written(component, field, value)
        else:
            plain[name] = _dump_value(component, field, value)
    if not written:
        out.append(_json(plain))
    elif plain:
        out += _json(plain)[:-1], *written, b"}"
    else:
        out += b"{", *written[1:], b"}"


def _encode_scalars(record: ComponentRecord, values: tuple[Any, ...]) -> list[bytes] | None:
    """Return the JSON of a component's fields if all of them have scalar values; None otherwise.

    If there are many, they are written in pieces. Pieces whose values are the same objects are reused.
    """
    names, kinds = record.description.state_names, record.description.scalars
    if len(names) <= PIECE:
        return [_json(dict(zip(names, values, strict=True)))] if _are_scalars(kinds, values) else None
    out: list[bytes] = []
    for start in range(0, len(names), PIECE):
        end = start + PIECE
        piece, before = values[start:end], record.written.get(start)
        if before is None or not all(map(is_, piece, before.value)):
            if not _are_scalars(kinds[start:end], piece):
                return None
            text = _json(dict(zip(names[start:end], piece, strict=True)))[:-1]
            before = record.written[start] = Written(piece, [b"," + text[1:] if start else text], [])
        out += before.parts
    return [*out, b"}"]


def _are_scalars(kinds: Sequence[frozenset[type[Any]]], values: Sequence[Any]) -> bool:
    """Return whether values are written to JSON as they are. `kinds` are the types for which this is so."""
    return all(map(frozenset.__contains__, kinds, map(type, values)))


def _written(component: Component, field: Field, value: Any) -> list[bytes]:
    """Return the JSON of an immutable value. JSON that was written before is reused."""
    known = component._live_record.written
    before = known.get(field.name)

    def encode(part: Any) -> bytes:
        text = field.codec.encode(part)
        strict = component.live.services.is_strict
        field.codec.require_same(part, read_json(text) if strict else None, strict=strict)
        return text

    if before is None or before.value is not value:
        with _named(component, field):
            before = known[field.name] = write(value, encode, before, field.has_items)
    return before.parts


def _dump_value(component: Component, field: Field, value: Any) -> Any:
    with _named(component, field):
        data = field.codec.dump(value)
        field.codec.require_same(value, data, strict=component.live.services.is_strict)
        return data


@contextmanager
def _named(component: Component, field: Field) -> Iterator[None]:
    """Name the field in errors."""
    try:
        yield
    except (TypeError, ValueError) as error:  # pydantic's are
        raise TypeError(f"{type(component).__qualname__}.{field.name}: {error}") from error


def _encode_children(children: Children, field: Field, value: Any, out: list[bytes]) -> None:
    if value is None:
        out.append(b"null")
    elif children.shape == "one":
        _encode_child(children, field, value, out)
    elif children.shape == "list":
        out.append(b"[")
        for number, item in enumerate(value):
            out.append(b"," if number else b"")
            _encode_child(children, field, item, out)
        out.append(b"]")
    else:
        out.append(b"{")
        for number, (key, item) in enumerate(value.items()):
            out += b"," if number else b"", _json(children.key_text(key)), b":"
            _encode_child(children, field, item, out)
        out.append(b"}")


def _encode_child(children: Children, field: Field, child: Component, out: list[bytes]) -> None:
    if type(child) is not children.cls and type(child) is not type(field.default):
        kind, wanted = type(child).__qualname__, children.cls.__qualname__
        raise TypeError(f"field {field.name!r} holds a {kind}, which can't be restored from {wanted}")
    _encode(child, out)


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
"""Outcomes of calls by `ActionRef.key`: ok, result, error, errors, values; trailing empty ones are
omitted.
"""


def dump_forms(page: Page) -> Stored:
    """Return the outcomes of calls as data. Raise `TypeError` for a result that can't be stored."""
    pending_forms: Stored | None = page._live_record.pending_forms
    if pending_forms:
        return pending_forms
    stored: Stored = {}
    for key, state in page.live.forms.states.items():
        try:
            stored[key] = _DONE if state is SUCCEEDED else _dump_form(page, key, state)
        except UnknownAction:  # the component is gone, or the page function no longer defines the action
            continue
    return stored


def load_forms(page: Page, stored: Stored) -> None:
    """Set the outcomes of calls, for actions that still exist and whose results still fit."""
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
