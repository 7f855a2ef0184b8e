"""What became of the newest call of something, as templates ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .forms import FieldView, FormState, Texts, field_view
from .nested import indices


class Outcomes:
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

    form: Outcomes
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
