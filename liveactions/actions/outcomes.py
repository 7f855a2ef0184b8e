"""What became of the newest call of something, as templates ask for it."""

from __future__ import annotations

from typing import Any

from .forms import FieldView, FormState, Texts, field_view


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

    def field(self, name: str, initial: Any = None) -> FieldView:
        """One field of its form: ``name id value checked error errors attrs``."""
        return field_view(self.state, self.key, name, initial)
