"""The outcome of an action's most recent call, and its fields, as templates ask for them.

`FormStates` keeps the outcomes of a page by reference. `FormApi` is what references and actions share in
templates: ``save.ok``, ``save.errors``, ``save.field("title")``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from jinja2 import Undefined

from ..security.references import more
from .form_input import indices

MAX_FORM_STATES: Final = 32
"""Calls whose outcome a page remembers, the newest of each action and binding."""
_SECRET = re.compile(
    r"(\w*pass(word|wd|phrase|code)|pass|pwd|secret|token|otp|cvc|cvv|pin)\d*", re.IGNORECASE
)
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class FormState:
    """One call's outcome. The default is that of an action that hasn't been called."""

    ok: bool = False
    result: Any = None
    error: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, list[str]] = field(default_factory=dict)
    """What was typed, by field name, kept after an error. Never secrets."""

    @property
    def failed(self) -> bool:
        return bool(self.error or self.errors)


UNUSED: Final = FormState()
SUCCEEDED: Final = FormState(ok=True)
"""Success without a result."""
_versions = count(1)


class FormStates:
    """The outcomes of a page's calls by `ActionRef.key`, the newest last, at most `MOST`."""

    __slots__ = ("_states", "version")

    def __init__(self) -> None:
        self._states: dict[str, FormState] = {}
        self.version = next(_versions)
        """Another number whenever one of them is another, or another is the newest."""

    def of(self, key: str, bound: bool) -> FormState:
        """The newest outcome of a reference, or of the same one with more arguments bound."""
        states = self._states
        if not states:
            return UNUSED
        others = more(key, bound)
        for known in reversed(states):
            if known == key or known.startswith(others):
                return states[known]
        return UNUSED

    def exact(self, key: str) -> FormState:
        """The outcome of this very binding."""
        return self._states.get(key, UNUSED)

    def put(self, key: str, state: FormState) -> None:
        states = self._states
        if states.get(key) == state and next(reversed(states)) == key:
            return
        self.version = next(_versions)
        if states.pop(key, None) is None and len(states) >= MAX_FORM_STATES:
            del states[next(iter(states))]
        states[key] = state

    def forget(self, key: str) -> None:
        if self._states.pop(key, None) is not None:
            self.version = next(_versions)

    def restore(self, key: str, state: FormState) -> None:
        """Put back what `exact` gave."""
        if state is UNUSED:
            self.forget(key)
        else:
            self.put(key, state)

    def forget_all(self, key: str, bound: bool) -> None:
        """Those that `of` may give."""
        others = more(key, bound)
        for known in [known for known in self._states if known == key or known.startswith(others)]:
            self.forget(known)

    def __iter__(self) -> Iterator[tuple[str, FormState]]:
        return iter(self._states.items())

    def __bool__(self) -> bool:
        return bool(self._states)

    def copy(self) -> FormStates:
        other = FormStates()
        other._states = self._states.copy()
        return other


class Texts:
    """Texts by field name for templates: an absent one is empty, and no method is in a name's way."""

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
    """A field as a template writes it."""

    name: str
    id: str
    value: Any
    """What was typed, else the initial value; ``""`` for None."""
    values: tuple[str, ...]
    """The same where a name is repeated: ``{% if "a" in f.values %}checked{% endif %}``."""
    checked: bool
    error: str
    errors: tuple[str, ...]
    attrs: Mapping[str, str]
    """Attributes that tie it to its error, for the ``xmlattr`` filter; empty without an error."""


def field_view(state: FormState, key: str, name: str, initial: Any) -> FieldView:
    """The field `name` of the form whose reference has `key`. The error's element is to have the id
    ``{id}-error``.
    """
    id = f"{_slug(key)}-{_slug(name)}"
    if isinstance(initial, Undefined):  # ``save.field("title", post.title)`` where there is no post yet
        initial = None
    error = state.errors.get(name, "")
    typed = state.values.get(name)
    if typed:
        value: Any = typed[-1]
    else:
        value = "" if initial is None else initial
    checked = bool(typed) if state.values else bool(initial)
    attrs = {"aria-invalid": "true", "aria-describedby": f"{id}-error"} if error else {}
    values = tuple(typed or ()) if state.values else _texts(initial)
    return FieldView(name, id, value, values, checked, error, (error,) if error else (), attrs)


def _texts(initial: Any) -> tuple[str, ...]:
    if initial is None:
        return ()
    several = isinstance(initial, list | tuple | set | frozenset)
    return tuple(map(str, initial)) if several else (str(initial),)


def kept(pairs: Iterable[tuple[str, Any]], secrets: Collection[str]) -> dict[str, list[str]]:
    """What was typed, to be shown again: without files, and without the fields named in `secrets` or by
    `is_secret_name`.
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if isinstance(value, str) and name not in secrets and not is_secret_name(name):
            values.setdefault(name, []).append(value)
    return values


def touched_errors(
    old: Mapping[str, str], found: Mapping[str, str], touched: Collection[str]
) -> dict[str, str]:
    """Errors to show while one types: those found for touched fields, the others as they are."""
    names = tuple(touched)
    below = tuple(f"{name}{mark}" for name in names for mark in ".[")

    def is_touched(path: str) -> bool:
        return path in names or path.startswith(below)

    shown = {path: text for path, text in old.items() if not is_touched(path)}
    shown.update({path: text for path, text in found.items() if is_touched(path)})
    return shown


def is_secret_name(name: str) -> bool:
    """Whether a field's name says that it must not be shown again: a password, a code."""
    return any(_SECRET.fullmatch(word) for word in _WORDS.split(name))


def _slug(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text).strip("-")


class FormApi:
    """``save.ok``, ``save.errors.title``, ``save.field("title")`` … None of them raises before a call."""

    __slots__ = ()

    @property
    def state(self) -> FormState:
        """The newest call's outcome."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Names what was called, and the arguments it was bound with."""
        raise NotImplementedError

    @property
    def result(self) -> Any:
        """What it returned; the action's ``initial`` before."""
        return self.state.result

    @property
    def ok(self) -> bool:
        """Whether it has been called, and the newest call succeeded."""
        return self.state.ok

    @property
    def error(self) -> str:
        """The text of an error that belongs to no field; empty without one."""
        return self.state.error

    @property
    def errors(self) -> Texts:
        """Texts by field path."""
        return Texts(self.state.errors)

    @property
    def values(self) -> Texts:
        """What was typed, by field name, while there are errors."""
        return Texts({name: values[-1] for name, values in self.state.values.items()})

    def rows(self, name: str, initial: Sequence[Any] = ()) -> list[Row]:
        """The rows of a list in its form: those that were typed, while they are to be shown again, else one
        for each of the initial items. ``{% for row in save.rows("items", invoice.items) %}``
        """
        typed = self.state.values
        numbers = indices(typed, name) if typed else range(len(initial))
        items = dict(enumerate(initial))
        return [Row(self, f"{name}[{number}]", number, items.get(number)) for number in numbers]

    def field(self, name: str, initial: Any = None) -> FieldView:
        """One field of its form: ``name id value values checked error errors attrs``."""
        return field_view(self.state, self.key, name, initial)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a list in a form."""

    form: FormApi
    name: str
    """What the names of its fields begin with: ``items[0]``."""
    index: int
    initial: Any
    """The item that it stands for; None for a new one."""

    def field(self, name: str, initial: Any = None) -> FieldView:
        """One of its fields. Its initial value is the item's own, unless it is given."""
        if initial is None and isinstance(self.initial, Mapping):
            initial = self.initial.get(name)
        elif initial is None:
            initial = getattr(self.initial, name, None)
        return self.form.field(f"{self.name}.{name}", initial)
