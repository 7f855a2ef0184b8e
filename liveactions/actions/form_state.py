"""The outcome of an action's most recent call, and the fields of its form, for templates.

`FormStates` keeps the outcomes of a page by reference. `FormApi` is the interface of references and actions
in templates: ``save.ok``, ``save.errors``, ``save.field("title")``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from jinja2 import Undefined

from ..security.references import more
from .form_input import indices

MAX_FORM_STATES: Final = 32
"""Maximum number of outcomes that a page keeps. Each binding of an action has one."""
_SECRET = re.compile(
    r"(\w*pass(word|wd|phrase|code)|pass|pwd|secret|token|otp|cvc|cvv|pin)\d*", re.IGNORECASE
)
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class FormState:
    """The outcome of a call. The defaults are those of an action that hasn't been called."""

    ok: bool = False
    result: Any = None
    error: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, list[str]] = field(default_factory=dict)
    """Submitted values by field name, kept after an error. Never contains secrets."""


UNUSED: Final = FormState()
SUCCEEDED: Final = FormState(ok=True)
"""Success without a result."""
_versions = count(1)


def next_version() -> int:
    """Return a new version number."""
    return next(_versions)


class FormStates:
    """The outcomes of a page's calls by `ActionRef.key`, newest last, at most `MAX_FORM_STATES`."""

    __slots__ = ("states", "version")

    def __init__(self) -> None:
        self.states: dict[str, FormState] = {}
        """The outcomes by key. Read-only: call `put` and `forget` to change them."""
        self.version = next(_versions)
        """A number that changes whenever an outcome or the order changes."""

    def of(self, key: str, bound: bool) -> FormState:
        """Return the newest outcome of a reference, or of the same one with more bound arguments.

        `bound`: whether the reference itself has bound arguments.
        """
        states = self.states
        if not states:
            return UNUSED
        others = more(key, bound)
        for known in reversed(states):
            if known == key or known.startswith(others):
                return states[known]
        return UNUSED

    def exact(self, key: str) -> FormState:
        """Return the outcome of exactly this binding."""
        return self.states.get(key, UNUSED)

    def put(self, key: str, state: FormState) -> None:
        """Add or replace an outcome, as the newest one."""
        states = self.states
        known = states.get(key)
        if known is not None and (known is state or known == state) and next(reversed(states)) == key:
            return
        self.version = next(_versions)
        if states.pop(key, None) is None and len(states) >= MAX_FORM_STATES:
            del states[next(iter(states))]
        states[key] = state

    def note_touched(
        self, key: str, state: FormState, found: Mapping[str, str], touched: Collection[str]
    ) -> None:
        """Show errors that were found while the visitor types: `state` gets those of touched fields, and
        keeps those of the others.
        """
        shown = _touched_errors(state.errors, found, touched)
        if shown != state.errors:
            self.put(key, replace(state, errors=shown))

    def forget(self, key: str) -> None:
        if self.states.pop(key, None) is not None:
            self.version = next(_versions)

    def restore(self, key: str, state: FormState) -> None:
        """Restore an outcome that `exact` returned."""
        if state is UNUSED:
            self.forget(key)
        else:
            self.put(key, state)

    def forget_all(self, key: str, bound: bool) -> None:
        """Forget the outcomes that `of` could return."""
        others = more(key, bound)
        for known in [known for known in self.states if known == key or known.startswith(others)]:
            self.forget(known)


def _touched_errors(
    old: Mapping[str, str], found: Mapping[str, str], touched: Collection[str]
) -> dict[str, str]:
    """Return the errors to show while a visitor types: new ones for touched fields, old ones for the
    others.
    """
    names = tuple(touched)
    below = tuple(f"{name}{mark}" for name in names for mark in ".[")

    def is_touched(path: str) -> bool:
        return path in names or path.startswith(below)

    shown = {path: text for path, text in old.items() if not is_touched(path)}
    shown.update({path: text for path, text in found.items() if is_touched(path)})
    return shown


class Texts:
    """Text by field name, for templates. Missing names are empty, and no methods shadow a name."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, name: str) -> str:
        return self._texts.get(name, "")

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Texts) and self._texts == other._texts

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Texts({dict(self._texts)!r})"


@dataclass(frozen=True, slots=True)
class FieldView:
    """A form field, for templates."""

    name: str
    id: str
    value: Any
    """The submitted value, or the initial one; ``""`` for None."""
    values: tuple[str, ...]
    """All values of a repeated name: ``{% if "a" in f.values %}checked{% endif %}``."""
    checked: bool
    error: str
    errors: tuple[str, ...]
    attrs: Mapping[str, str]
    """Attributes that connect the control with its error, for the ``xmlattr`` filter; otherwise empty."""


def field_view(state: FormState, key: str, name: str, initial: Any) -> FieldView:
    """Return the field `name` of the form whose reference has `key`.

    The template gives the element with the error the id ``{id}-error``.
    """
    id = f"{_slug(key)}-{_slug(name)}"
    if isinstance(initial, Undefined):  # without a post
        initial = None
    error = state.errors.get(name, "")
    typed = state.values.get(name)
    if typed:
        value: Any = typed[-1]
    else:
        value = "" if initial is None else initial
    checked = bool(typed) if state.values else bool(initial)
    attrs = error_attributes(id) if error else {}
    values = tuple(typed or ()) if state.values else _texts(initial)
    return FieldView(name, id, value, values, checked, error, (error,) if error else (), attrs)


def error_attributes(id: str) -> dict[str, str]:
    """Return attributes that connect a control with this id with its error."""
    return {"aria-invalid": "true", "aria-describedby": f"{id}-error"}


def _texts(initial: Any) -> tuple[str, ...]:
    if initial is None:
        return ()
    several = isinstance(initial, list | tuple | set | frozenset)
    return tuple(map(str, initial)) if several else (str(initial),)


def submitted_values(pairs: Iterable[tuple[str, Any]], secrets: Collection[str]) -> dict[str, list[str]]:
    """Return the submitted values to show again.

    Files are left out, and fields that are named in `secrets` or whose name is secret (`is_secret_name`).
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if isinstance(value, str) and name not in secrets and not is_secret_name(name):
            values.setdefault(name, []).append(value)
    return values


def is_secret_name(name: str) -> bool:
    """Return whether a field's name suggests a secret, which must not be shown again: a password, a code."""
    return any(_SECRET.fullmatch(word) for word in _WORDS.split(name))


def _slug(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text).strip("-")


class FormApi:
    """``save.ok``, ``save.errors.title``, ``save.field("title")`` … They can be read before any call."""

    __slots__ = ()

    @property
    def state(self) -> FormState:
        """The outcome of the most recent call."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Identifies the action and its bound arguments."""
        raise NotImplementedError

    @property
    def result(self) -> Any:
        """The most recent return value; before the first call, the action's ``initial``."""
        return self.state.result

    @property
    def ok(self) -> bool:
        """Whether the most recent call succeeded; False before the first call."""
        return self.state.ok

    @property
    def error(self) -> str:
        """The error that doesn't belong to a field; "" if there is none."""
        return self.state.error

    @property
    def errors(self) -> Texts:
        """Errors by field path."""
        return Texts(self.state.errors)

    @property
    def values(self) -> Texts:
        """Submitted values by field name, while there are errors."""
        return Texts({name: values[-1] for name, values in self.state.values.items()})

    def rows(self, name: str, initial: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a list in the form: ``{% for row in save.rows("items", invoice.items) %}``.

        These are the submitted rows while they are shown again, otherwise one for each initial item.
        """
        typed = self.state.values
        numbers = indices(typed, name) if typed else range(len(initial))
        items = dict(enumerate(initial))
        return [Row(self, f"{name}[{number}]", number, items.get(number)) for number in numbers]

    def field(self, name: str, initial: Any = None) -> FieldView:
        """Return a field of the form: ``name id value values checked error errors attrs``."""
        return field_view(self.state, self.key, name, initial)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a list in a form."""

    form: FormApi
    name: str
    """The prefix of its fields' names: ``items[0]``."""
    index: int
    initial: Any
    """The existing item; None for a new one."""

    def field(self, name: str, initial: Any = None) -> FieldView:
        """Return a field of the row. Its initial value is the item's own, unless one is given."""
        if initial is None and isinstance(self.initial, Mapping):
            initial = self.initial.get(name)
        elif initial is None:
            initial = getattr(self.initial, name, None)
        return self.form.field(f"{self.name}.{name}", initial)
