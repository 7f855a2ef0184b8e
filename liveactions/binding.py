"""Bound arguments: checked when a template binds them, written into references, read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .codec import read_json, write_json
from .errors import UnknownAction
from .params import Parameter, Plan

UNBOUND: Final = type("Unbound", (), {"__slots__": (), "__repr__": lambda self: "UNBOUND"})()
"""Stands for an argument that isn't bound, before one that is."""

Args = tuple[Any, ...]
"""Bound arguments by the position of their parameter among those that can be bound."""


def bind(plan: Plan, bound: Args, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Args:
    """`bound` with more arguments: positional ones fill the first free places.

    `TypeError` for too many, for an unknown name, and for a value that isn't what the annotation says.
    """
    parameters = plan.bindable
    values = [*bound, *[UNBOUND] * (len(parameters) - len(bound))]
    free = (index for index, value in enumerate(values) if value is UNBOUND)
    for value in args:
        index = next(free, None)
        if index is None:
            raise TypeError(
                f"{plan.name} takes at most {len(parameters)} bound arguments, {value!r} is one more"
            )
        values[index] = _checked(plan, parameters[index], value)
    for name, value in kwargs.items():
        index = next((at for at, one in enumerate(parameters) if one.name == name), None)
        if index is None:
            raise TypeError(f"{plan.name} has no parameter {name!r} that can be bound")
        values[index] = _checked(plan, parameters[index], value)
    while values and values[-1] is UNBOUND:
        values.pop()
    return tuple(values)


def named(plan: Plan, bound: Args) -> dict[str, Any]:
    """Bound arguments by name."""
    pairs = zip(plan.bindable, bound, strict=False)
    return {one.name: value for one, value in pairs if value is not UNBOUND}


def require(plan: Plan, bound: Args) -> None:
    """`TypeError` when an argument that only a template can bind has neither a value nor a default."""
    given = named(plan, bound)
    for one in plan.bindable:
        if one.kind == "bound" and one.required and one.name not in given:
            raise TypeError(f"{plan.name} needs its argument {one.name!r} bound")


def write(plan: Plan, bound: Args) -> str:
    """Bound arguments as compact JSON, the same for equal ones: ``1,"a"``, or ``*{"by":1}`` with gaps."""
    if all(value is not UNBOUND for value in bound):
        return ",".join([one.codec.text(value) for one, value in zip(plan.bindable, bound, strict=False)])
    given = named(plan, bound)
    data = {one.name: one.codec.dump(given[one.name]) for one in plan.bindable if one.name in given}
    return f"*{write_json(data)}"


def read(plan: Plan, text: str) -> Args:
    """What `write` wrote. `UnknownAction` when the action's parameters have changed since."""
    try:
        if text.startswith("*"):
            return _by_name(plan, read_json(text[1:]))
        data = read_json(f"[{text}]")
        if not 0 < len(data) <= len(plan.bindable):
            raise ValueError("too few or too many")
        return tuple(one.codec.load(value) for one, value in zip(plan.bindable, data, strict=False))
    except ValueError as error:
        raise UnknownAction("no action takes these arguments") from error


def _by_name(plan: Plan, data: Mapping[str, Any]) -> Args:
    values = {one.name: one.codec.load(data[one.name]) for one in plan.bindable if one.name in data}
    if len(values) < len(data):
        raise ValueError("unknown parameters")
    return bind(plan, (), (), values)


def _checked(plan: Plan, parameter: Parameter, value: Any) -> Any:
    if type(value) not in parameter.codec.scalars:
        try:
            parameter.codec.dump(value)
        except TypeError as error:
            raise TypeError(f"{plan.name}: {parameter.name}={value!r}: {error}") from error
    return value
