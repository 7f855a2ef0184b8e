"""Fields that are bound to controls: ``<input live-bind="{{ live.field.q }}">``.

Each state field of a component has an action that sets it, `FieldAction`. Its reference, `BoundField`, is
signed like any other: only fields that a page has rendered in this way can be set.
`liveactions.templates.bound_controls` translates ``live-bind`` into attributes that call it and show its
value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from ..actions.action import Action, ActionRef
from ..actions.bound_arguments import named
from ..actions.codec import Results
from ..actions.controls import shown
from ..actions.form_input import MISSING, Input, Node
from ..actions.form_readers import TRUE_TEXTS, FlagReader, ListReader, TextReader, is_secret
from ..actions.form_state import UNUSED, FormState, error_attributes, next_version, submitted_values
from ..actions.parameters import Parameter, ParameterPlan
from ..actions.run_context import Owner
from ..immutability import is_frozen
from ..type_hints import without
from .fields import Field, Kept, in_url

SETS: Final = "="
"""Ends the id of an action that sets a field; no other id contains it."""
ITEM: Final = "_item"
"""The bound argument of a checkbox's reference: its value. No field's name starts with an underscore."""


class _FieldValue(Parameter):
    """The new value of a field. Empty text is a value where the annotation allows it."""

    def read(self, node: Node) -> Any:
        value = self.reader.read(node)
        return "" if value is MISSING and not self.is_nullable and self._takes_empty else value

    @cached_property
    def _takes_empty(self) -> bool:
        try:
            self.codec.parse("")
        except ValidationError:
            return False
        return True


class FieldAction(Action[..., Any]):
    """The action that sets a field of a component to a valid value."""

    def __init__(self, cls: type[Any], field: Field) -> None:
        async def assign(component: Any, **values: Any) -> None:
            setattr(component, field.name, values[field.name])

        assign.__name__, assign.__module__ = field.name, cls.__module__
        assign.__qualname__ = f"{cls.__qualname__}.{field.name}"
        super().__init__(assign, idempotent=True)
        self.id = field.name + SETS
        self.is_method = True
        self.sets = field

    @cached_property
    def plan(self) -> ParameterPlan:
        annotation = without(self.sets.annotation, (in_url, Kept))
        value = _FieldValue(self.name, "field", annotation)
        item = Parameter(ITEM, "bound", str, required=False)
        return ParameterPlan(self.__qualname__, (value, item) if _is_list(self.sets) else (value,))

    @cached_property
    def results(self) -> Results:
        return Results(self.__qualname__, str)

    def refer(self, component: Owner, path: str, context: str) -> BoundField:
        return BoundField(component, self, path, context)


def field_action(cls: type[Any], field: Field) -> FieldAction | str:
    """Return the action that sets a field; or, if no control can set it, the reason."""
    if field.is_loaded:
        return "load() sets it"
    if field.children is not None:
        return "it contains components; bind their own fields"
    if field.is_stream or not isinstance(field.reader, TextReader | FlagReader | ListReader):
        return "a control holds a single value, or a list of values"
    return FieldAction(cls, field)


class BoundField(ActionRef[..., Any]):
    """A field of a component that a control may set, for templates.

    It has the attributes that controls show. Like an action, it can be called with a value, which returns a
    reference that sets the field to this value: ``live-click="{{ live.field.tab('new') }}"``.
    """

    __slots__ = ("sets", "_version", "_seen")

    def __init__(self, component: Owner, action: FieldAction, path: str, context: str) -> None:
        super().__init__(component, action, path, context=context)
        self.sets = action.sets
        self._version = 0
        self._seen: tuple[int, Any] | None = None

    @property
    def name(self) -> str:
        """The name of its controls: the field's path in the page."""
        return self.path.removesuffix(SETS)

    @property
    def id(self) -> str:
        """The id for its control. The element with the error has the id ``{id}-error``."""
        return f"field-{self.name.replace('.', '-')}"

    @property
    def value(self) -> str:
        """The text that its control shows: the submitted text, unless the field has changed since."""
        texts = self._texts
        return texts[-1] if texts else ""

    @property
    def checked(self) -> bool:
        """Whether a checkbox without a value of its own is checked."""
        return bool(self._current)

    def has(self, value: Any) -> bool:
        """Return whether an option, a radio button or a checkbox with this value is selected."""
        text, current = _text(shown(value)), self._current
        if isinstance(current, bool):
            return current is (text.lower() in TRUE_TEXTS)
        return text in self._texts

    def item(self, value: Any) -> ActionRef[..., Any]:
        """Return the reference that a checkbox with this value calls.

        It adds the value to a list, or removes it, independently of the field's other checkboxes. A field
        with a single value is set to that of the checkbox.
        """
        return self.bind(**{ITEM: _text(shown(value))}) if _is_list(self.sets) else self

    @property
    def error(self) -> str:
        """The error message for the text in the control; "" if it is valid."""
        return next(iter(self.state.errors.values()), "")

    @property
    def attrs(self) -> Mapping[str, str]:
        """Attributes that connect the control with its error, for the ``xmlattr`` filter; otherwise empty."""
        return error_attributes(self.id) if self.error else {}

    @property
    def state(self) -> FormState:
        """The outcome of the most recent change, until the field is set by other means."""
        state = self.own
        return UNUSED if state is not UNUSED and state.result != self._written else state

    @property
    def version(self) -> int:
        """A number that changes with the field's value, and with the outcomes of calls."""
        seen = self.component.live.forms.version, self._current
        before = self._seen
        if before is None or before[0] != seen[0] or before[1] is not seen[1] or not is_frozen(seen[1]):
            self._seen, self._version = seen, next_version()
        return self._version

    def submitted(self, given: Input) -> Input:
        """Return the submitted values for the field, under the name of the action's parameter."""
        return Input((self.sets.name, value) for name, value in given.pairs if name == self.name)

    def with_item(self, item: str, given: Input) -> Input:
        """Return the texts of a list, after a checkbox has added or removed `item`."""
        texts = [text for text in self._texts if text != item]
        if self.name in given.by_name:
            texts.append(item)
        return Input((self.sets.name, text) for text in texts)

    def is_in(self, given: Input) -> bool:
        """Return whether a form contains the field. Checkboxes and lists count as contained if they are
        missing, because browsers leave out unchecked ones.
        """
        return not isinstance(self.sets.reader, TextReader) or self.name in given.by_name

    def note(self, given: Input, errors: Mapping[str, str]) -> None:
        """Note errors, and a submitted text that differs from that of the value. `given` is from
        `submitted`.
        """
        forms, typed = self.component.live.forms, submitted_values(given.pairs, self.action.plan.secrets)
        if errors:
            forms.put(self.key, FormState(False, self._written, errors=dict(errors), values=typed))
            return
        forms.forget(self.key)
        texts = typed.get(self.sets.name, [])
        if isinstance(self.sets.reader, TextReader) and texts and texts[-1] != self.value:
            forms.put(self.key, FormState(True, self._written, values=typed))

    @property
    def _current(self) -> Any:
        return vars(self.component).get(self.sets.name)

    @property
    def _written(self) -> str:
        """The field's value as JSON."""
        return self.sets.codec.text(self._current)

    @property
    def _texts(self) -> tuple[str, ...]:
        """The texts that its controls show; several for a list."""
        typed = self.state.values.get(self.sets.name)
        if typed:
            return tuple(typed)
        if is_secret(self.sets.annotation):
            return ("",)
        current = shown(self._current)
        return tuple(map(_text, current)) if isinstance(current, list) else (_text(current),)


def item_of(ref: ActionRef[..., Any]) -> str | None:
    """Return the value of the checkbox that calls this reference; None for other references."""
    is_bound = isinstance(ref.action, FieldAction) and ref.args
    return named(ref.action.plan, ref.args).get(ITEM) if is_bound else None


def _is_list(field: Field) -> bool:
    return isinstance(field.reader, ListReader)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class BoundFields:
    """``live.field``: the fields of the component that is being rendered, for controls that set them."""

    __slots__ = ("_component",)

    def __init__(self, component: Any) -> None:
        self._component = component

    def __getattr__(self, name: str) -> BoundField:
        """Raise `TypeError` if there is no such field, or no control can set it."""
        if name.startswith("_"):
            raise AttributeError(name)
        component = self._component
        record = component._live_record
        if component is component.live.page and name in component._live_route.names:
            raise TypeError(f"live.field.{name}: it is part of the page's path; link to another page instead")
        reference = record.reference(record.description.setter(name))
        assert isinstance(reference, BoundField)
        return reference
