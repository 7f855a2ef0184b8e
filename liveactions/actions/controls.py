"""Describes the controls of an action's form, by its annotations.

`controls_of` reads the JSON schema that pydantic creates for each parameter, or for each field of a model,
and returns a `Control` for it. The macros in ``live/forms.html`` render controls, with the arguments that
`form_field` and `form_parts` return.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from pydantic import GetJsonSchemaHandler, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from .form_state import FieldView
from .parameters import Parameter, ParameterPlan

TEMPLATE: Final = "live/forms.html"
"""The template with the macros ``input`` and ``form``. Applications may replace it."""
Attributes = Mapping[str, Any]
Schema = Mapping[str, Any]
Kind = Literal["input", "checkbox", "select", "textarea", "file"]
_FORMATS: Final = {
    "date": "date",
    "date-time": "datetime-local",
    "time": "time",
    "email": "email",
    "uri": "url",
    "password": "password",
}
"""Types of inputs by the format of text in a JSON schema."""
_LENGTHS: Final = {"maxLength": "maxlength", "minLength": "minlength"}
_LIMITS: Final = {"minimum": "min", "maximum": "max", "multipleOf": "step"}
_ROWS: Final = "live-rows"


@dataclass(frozen=True)
class textarea:  # noqa: N801 - written like a function
    """Edit a text in a control of several lines: ``Annotated[str, textarea(rows=8)]``."""

    rows: int = 4

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), _ROWS: self.rows}


@dataclass(frozen=True)
class Control:
    """The control for one field of a form."""

    name: str
    """The field's name in the form: ``address.city``."""
    kind: Kind
    type: str = "text"
    """The ``type`` of an ``input``."""
    label: str = ""
    help: str = ""
    required: bool = False
    multiple: bool = False
    options: tuple[tuple[str, str], ...] = ()
    """Values and labels of a ``select``."""
    attrs: Attributes = field(default_factory=dict)
    """Further attributes, such as limits."""
    default: Any = None


class FormField(NamedTuple):
    """One field of a form: its control, its current value and error, and the control's HTML attributes."""

    control: Control
    field: FieldView
    attrs: Attributes


def controls_of(plan: ParameterPlan, function: Callable[..., Any]) -> dict[str, Control]:
    """Return the controls of an action's form by name, in the order of its parameters.

    Bound and injected parameters have none. Raise `TypeError` for a field that no control can fill, such as a
    list of models.
    """
    defaults = inspect.signature(function).parameters
    found: dict[str, Control] = {}
    for one in plan.named:
        if one.kind == "file":
            found[one.name] = _file(one)
        elif one.kind == "field":
            for control in _controls(plan, one, defaults[one.name].default):
                found[control.name] = control
    return found


def unknown_field(action: str, name: str, known: Iterable[str]) -> str:
    """Return a message about a field that the form of an action doesn't have."""
    names = list(known)
    similar = get_close_matches(name, names, 1)
    listed = f"it has {', '.join(names)}" if names else "it has none"
    hint = f"did you mean {similar[0]!r}?" if similar else listed
    return f"{action} has no field {name!r} for a form; {hint}"


def humanized(name: str) -> str:
    """Return a Python name as a label: "First name" for ``first_name``."""
    words = name.rpartition(".")[2].replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _file(one: Parameter) -> Control:
    return Control(
        one.name,
        "file",
        "file",
        humanized(one.name),
        required=one.required,
        multiple=one.takes_several,
        attrs={"accept": ",".join(one.files.types)} if one.files.types else {},
    )


def _controls(plan: ParameterPlan, one: Parameter, default: Any) -> Iterator[Control]:
    """Yield the controls of one parameter: several if it is a model."""
    where = f"{plan.name}: {one.name!r}"
    try:
        # As a field of a record: there, the title of a class isn't that of the field.
        fields: Any = TypedDict("fields", {one.name: one.annotation})  # type: ignore[misc]
        record = TypeAdapter(fields).json_schema(mode="validation")
    except (PydanticUserError, TypeError) as error:
        raise TypeError(f"{where} has no control: {error}") from error
    definitions = record.get("$defs", {})
    schema = _resolved(record["properties"][one.name], definitions)
    if one.is_model:
        yield from _fields(where, "" if one is plan.whole else one.name, schema, definitions)
    else:
        initial = None if default is inspect.Parameter.empty else default
        yield _control(where, one.name, schema, definitions, one.required, initial)


def _fields(where: str, prefix: str, model: Schema, definitions: Schema) -> Iterator[Control]:
    """Yield the controls of a model's fields, including those of models in it."""
    required = model.get("required", ())
    for key, inner in model.get("properties", {}).items():
        name = f"{prefix}.{key}" if prefix else key
        schema = _resolved(inner, definitions)
        if "properties" in schema:
            yield from _fields(where, name, schema, definitions)
        else:
            yield _control(where, name, schema, definitions, key in required, inner.get("default"))


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return a schema without ``| None`` and without references, but with its own texts."""
    texts = {key: schema[key] for key in ("title", "description", _ROWS) if key in schema}
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = {**definitions[name], "title": ""}  # the title of a class isn't a label
        elif "anyOf" in schema:
            some = [one for one in schema["anyOf"] if one.get("type") != "null"]
            numbers = [one for one in some if one.get("type") == "number"]  # a Decimal may also be text
            schema = (numbers or some)[0]
        else:
            return {**schema, **texts}


def _control(
    where: str, name: str, schema: Schema, definitions: Schema, required: bool, default: Any
) -> Control:
    title = schema.get("title") or ""
    is_derived = title == name.rpartition(".")[2].replace("_", " ").title()  # by pydantic, from the name
    control = Control(
        name,
        "input",
        label=humanized(name) if is_derived or not title else title,
        help=schema.get("description") or "",
        required=required,
        default=default,
    )
    match schema:
        case {"type": "boolean"} | {"const": bool()}:
            return replace(control, kind="checkbox", type="checkbox", required="const" in schema)
        case {"enum": list(values)}:
            nothing = () if default is not None else (("", ""),)
            return replace(control, kind="select", options=(*nothing, *_options(values)))
        case {"type": "array", "items": dict(items)} if "enum" in (item := _resolved(items, definitions)):
            return replace(
                control, kind="select", required=False, multiple=True, options=_options(item["enum"])
            )
        case {"type": "integer" | "number" as type}:
            limits = {html: schema[key] for key, html in _LIMITS.items() if key in schema}
            attrs = limits if type == "integer" else {"step": "any", **limits}
            return replace(control, type="number", attrs=attrs)
        case {"type": "string"}:
            lengths = {html: schema[key] for key, html in _LENGTHS.items() if key in schema}
            if _ROWS in schema:
                return replace(control, kind="textarea", attrs={**lengths, "rows": schema[_ROWS]})
            return replace(control, type=_FORMATS.get(schema.get("format", ""), "text"), attrs=lengths)
    raise TypeError(f"{where}: there is no control for the field {name!r}; write its HTML in the template")


def _options(values: list[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), humanized(str(one))) for one in values)


def form_field(
    control: Control,
    field: FieldView,
    label: str | None = None,
    help: str | None = None,
    attributes: Attributes = MappingProxyType({}),
) -> FormField:
    """Return the arguments of the macro ``input``; see `ActionRef.input`."""
    control = replace(
        control,
        label=control.label if label is None else label,
        help=control.help if help is None else help,
    )
    described = [f"{field.id}-help"] if control.help else []
    described += field.attrs.get("aria-describedby", "").split()
    attrs = {
        **control.attrs,
        "required": control.required,
        "multiple": control.multiple,
        **field.attrs,
        "aria-describedby": " ".join(described) or None,
        **_named(attributes),
    }
    return FormField(control, field, _written(attrs))


def form_parts(submit: str, encoding: str, attributes: Attributes = MappingProxyType({})) -> dict[str, Any]:
    """Return arguments of the macro ``form``; see `ActionRef.form`."""
    return {"submit": submit, "encoding": encoding, "attrs": _written(_named(attributes))}


def initial_value(initial: Any, name: str) -> Any:
    """Return the initial value of a field, from a mapping or an object."""
    for part in name.split("."):
        initial = initial.get(part) if isinstance(initial, Mapping) else getattr(initial, part, None)
    return initial


def shown(value: Any) -> Any:
    """Return a value as controls show it."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.replace(tzinfo=None).isoformat(timespec="minutes")
        case list() | tuple() | set() | frozenset():
            return [shown(one) for one in value]
    return value


def _named(attributes: Attributes) -> dict[str, Any]:
    """Return keyword arguments as attributes: ``class_`` is ``class``, ``data_id`` is ``data-id``."""
    return {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}


def _written(attributes: Attributes) -> dict[str, Any]:
    """Return attributes for the filter ``xmlattr``: without those that are False or None."""
    return {
        name: "" if value is True else value
        for name, value in attributes.items()
        if value is not None and value is not False
    }
