"""Bound arguments: checks them when a template binds them, writes them into references, and reads them
back.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from json import JSONDecoder
from typing import Any, Final

from ..exceptions import UnknownAction
from .codec import json_text, read_json
from .parameters import Parameter, ParameterPlan

UNBOUND: Final = type("Unbound", (), {"__slots__": (), "__repr__": lambda self: "UNBOUND"})()
"""Placeholder for an unbound argument before a bound one."""
_DECODER: Final = JSONDecoder()
Args = tuple[Any, ...]
"""Bound arguments, by the position of their parameter among the bindable ones."""


def bind(plan: ParameterPlan, bound: Args, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Args:
    """Return `bound` with more arguments; positional ones fill the first unbound positions.

    Raise `TypeError` for too many arguments, for an unknown name, and for a value that doesn't match its
    annotation.
    """
    parameters = plan.bindable
    fits = all(map(frozenset.__contains__, plan.scalars, map(type, args)))
    if fits and not (bound or kwargs) and len(args) <= len(parameters):
        return args  # the usual case, for example for each row of a table
    values = [*bound, *[UNBOUND] * (len(parameters) - len(bound))]
    free = (index for index, value in enumerate(values) if value is UNBOUND)
    for value in args:
        index = next(free, None)
        if index is None:
            raise TypeError(
                f"{plan.name} takes at most {len(parameters)} bound arguments; {value!r} is one too many"
            )
        values[index] = _checked(plan, parameters[index], value)
    for name, value in kwargs.items():
        index = next((at for at, one in enumerate(parameters) if one.name == name), None)
        if index is None:
            raise TypeError(f"{plan.name} has no bindable parameter {name!r}")
        values[index] = _checked(plan, parameters[index], value)
    while values and values[-1] is UNBOUND:
        values.pop()
    return tuple(values)


def named(plan: ParameterPlan, bound: Args) -> dict[str, Any]:
    """Return bound arguments by name."""
    if not bound:
        return {}
    pairs = zip(plan.bindable, bound, strict=False)
    return {one.name: value for one, value in pairs if value is not UNBOUND}


def require(plan: ParameterPlan, bound: Args) -> None:
    """Raise `TypeError` if an argument that only a template can bind has neither a value nor a default."""
    given = named(plan, bound)
    for one in plan.bindable:
        if one.kind == "bound" and one.required and one.name not in given:
            raise TypeError(f"{plan.name} needs a bound argument {one.name!r}")


def write(plan: ParameterPlan, bound: Args) -> str:
    """Return bound arguments as compact JSON: ``1,"a"``, or ``1*{"by":2}`` if there is a gap.

    Equal arguments give equal text. If a text begins with another one, followed by a comma or a star, it has
    the same arguments and more.
    """
    if UNBOUND not in bound:
        return ",".join([one.codec.text(value) for one, value in zip(plan.bindable, bound, strict=False)])
    listed = list(takewhile(lambda value: value is not UNBOUND, bound))
    pairs = list(zip(plan.bindable, bound, strict=False))
    text = ",".join([one.codec.text(value) for one, value in pairs[: len(listed)]])
    named = {one.name: one.codec.dump(value) for one, value in pairs[len(listed) :] if value is not UNBOUND}
    return f"{text}*{json_text(named)}" if named else text


def read(plan: ParameterPlan, text: str) -> Args:
    """Return the arguments that `write` wrote.

    Raise `UnknownAction` if the action's parameters have changed since.
    """
    try:
        listed, named = _parsed(text)
        known = {one.name: one for one in plan.bindable}
        names = dict(zip(known, listed, strict=False)) | named
        if len(listed) > len(known) or not names:
            raise ValueError("too few or too many")
        values = {name: known[name].codec.load(value) for name, value in names.items()}
    except (ValueError, KeyError) as error:
        raise UnknownAction("the action doesn't take these arguments") from error
    return bind(plan, (), (), values)


def _parsed(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Return values by position and by name."""
    listed, at = [], 0
    while at < len(text) and text[at] != "*":
        value, at = _DECODER.raw_decode(text, at)
        listed.append(value)
        at += text[at : at + 1] == ","
    return listed, read_json(text[at + 1 :]) if at < len(text) else {}


def _checked(plan: ParameterPlan, parameter: Parameter, value: Any) -> Any:
    if type(value) not in parameter.codec.scalars:
        try:
            parameter.codec.dump(value)
        except TypeError as error:
            raise TypeError(f"{plan.name}: {parameter.name}={value!r}: {error}") from error
    return value
