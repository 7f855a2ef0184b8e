"""The names of a form's fields: which of them an action takes, and advice about the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from .action import Action
from .form_input import Input, Step, steps
from .form_readers import ModelReader
from .parameters import Parameter, ParameterPlan, plan_of


def takes_field(action: Action[..., Any], name: str) -> bool:
    """Return whether an action may read the field of this name.

    It may read every field if it, or one of its dependencies, has a parameter for the form, the request or
    the event.
    """
    path = steps(name)
    if path is not None and any(_fills(action.plan, one, path) for one in action.plan.named):
        return True
    plans = [action.plan, *map(action.plan_of, action.validators)]
    plans += [plan_of(guard.dependency) for guard in action.guards]
    return any(map(_reads_form, plans))


def field_names(action: Action[..., Any]) -> list[str]:
    """Return the names of the fields that an action takes, without those below a model's fields."""
    return [name for one in action.plan.named for name in _names(action.plan, one)]


def _names(plan: ParameterPlan, one: Parameter) -> Iterator[str]:
    if one.kind == "bound":
        return
    if isinstance(one.reader, ModelReader):
        prefix = "" if one is plan.whole else f"{one.name}."
        yield from (prefix + name for name in one.reader.fields)
    else:
        yield one.name


def _fills(plan: ParameterPlan, one: Parameter, path: tuple[Step, ...]) -> bool:
    if one.kind in ("bound", "file"):
        return path == (one.name,)
    if one is plan.whole:
        return one.reader.takes(path)
    return path[0] == one.name and one.reader.takes(path[1:])


def _reads_form(plan: ParameterPlan) -> bool:
    depends = [plan_of(one.depends.dependency) for one in plan.parameters if one.depends is not None]
    return any(one.kind in ("form", "request", "event") for one in plan.parameters) or any(
        map(_reads_form, depends)
    )


def unused_fields(
    action: Action[..., Any], given: Input, errors: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return the names of required fields that a form doesn't have, and those that no parameter takes."""
    optional = {one.name for one in action.plan.named if not one.required}
    had = [path for name in given.by_name if (path := steps(name)) is not None]
    missing = [
        name
        for name in errors
        if (path := steps(name)) is not None
        and path[0] not in optional
        and not any(one[: len(path)] == path for one in had)
    ]
    unused = [name for name in given.by_name if not takes_field(action, name)] if missing else []
    return missing, unused


def unused_fields_text(action: str, missing: list[str], unused: list[str]) -> str:
    """Return a message about an action that wasn't called because its form has fields of other names."""
    needed = " and ".join(map(repr, missing))
    verb, noun = ("is", "no such field") if len(missing) == 1 else ("are", "no such fields")
    taken = " and ".join(map(repr, unused))
    matches = [similar[0] for name in unused if (similar := get_close_matches(name, missing, 1))]
    if not matches and len(missing) == len(unused) == 1:
        matches = missing
    meant = " and ".join(f'name="{name}"' for name in dict.fromkeys(matches))
    hint = f" Did you mean {meant}?" if meant else ""
    return (
        f"{action} wasn't called: {needed} {verb} required, and the form has {noun}. It has {taken},"
        f" which no parameter takes.{hint}"
    )
