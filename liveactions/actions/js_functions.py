"""Writes JavaScript modules with functions that call actions, and their TypeScript declarations.

The JavaScript module of a Python module has a function for each of its actions with ``js=True``. Declarations
are generated from annotations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticOmit

from ..type_hints import result_hint
from .action import Action
from .decorator import module_actions
from .parameters import Parameter

Schema = Mapping[str, Any]
_SCALARS: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_REFERENCE: Final = "#/$defs/"
_KEYWORDS: Final = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export "
    "extends false finally for function if implements import in instanceof interface let new null package "
    "private protected public return static super switch this throw true try typeof var void while with "
    "yield".split()
)


def _exported(module: str) -> dict[str, Action[..., Any]]:
    """Return the actions that a module exports by JavaScript name: ``add_to_cart`` becomes ``addToCart``."""
    actions = module_actions(module)
    return {_script_name(name): action for name, action in sorted(actions.items()) if action.js}


def _parameters(action: Action[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters that a script passes, in order."""
    return tuple(one for one in action.plan.named if one.kind == "field")


def _script_name(name: str) -> str:
    """Return the JavaScript spelling of a Python name."""
    head, *rest = [part for part in name.split("_") if part] or [name]
    name = head + "".join(part[:1].upper() + part[1:] for part in rest)
    name = re.sub(r"\W", "_", name)
    return f"{name}_" if name in _KEYWORDS else name


def declarations(module: str) -> str | None:
    """Return the text of the module's ``.d.ts``; None if it exports nothing."""
    found = _exported(module)
    if not found:
        return None
    return "\n".join(_Declaration(name, action).text() for name, action in found.items())


class _Declaration:
    """The TypeScript declaration of one function, with its types. Functions never share named types."""

    def __init__(self, name: str, action: Action[..., Any]) -> None:
        self.name = name
        self.action = action
        self._types: dict[str, str] = {}

    def text(self) -> str:
        given = _parameters(self.action)
        order = sorted(given, key=lambda one: not one.required)
        types = {one.name: self._type(one.annotation, "validation") for one in given}
        result = self._type(result_hint(self.action.function, self.action.names), "serialization")
        lines = [f"/** {line} */" for line in (self.action.__doc__ or "").strip().splitlines()[:1]]
        if order == list(given):
            lines.append(f"export function {self.name}({_in_order(given, types)}): Promise<{result}>;")
        if given:
            named = _by_name(given, types)
            lines.append(f"export function {self.name}(named: {named}): Promise<{result}>;")
        return "\n".join([*self._types.values(), *lines, ""])

    def _type(self, annotation: Any, mode: Literal["validation", "serialization"]) -> str:
        try:
            schema = TypeAdapter(annotation).json_schema(mode=mode)
        except (PydanticUserError, PydanticOmit, TypeError):  # the type has no JSON Schema
            return "unknown"
        for name, inner in schema.get("$defs", {}).items():
            own = self._named(name, mode)
            if own not in self._types:
                self._types[own] = ""  # types may be recursive
                self._types[own] = f"export type {own} = {self._of(inner, mode)};"
        return self._of(schema, mode)

    def _named(self, name: str, mode: str) -> str:
        words = "".join(part if part.isalnum() else "_" for part in name)
        function = self.name[:1].upper() + self.name[1:]
        return f"{function}{'Returns' if mode == 'serialization' else ''}{words}"

    def _of(self, schema: Schema, mode: str) -> str:
        match schema:
            case {"$ref": str(name)}:
                return self._named(name.removeprefix(_REFERENCE), mode)
            case {"const": value}:
                return json.dumps(value)
            case {"enum": list(values)}:
                return " | ".join(map(json.dumps, values))
            case {"anyOf": list(some)} | {"oneOf": list(some)}:
                return " | ".join(dict.fromkeys(self._of(one, mode) for one in some))
            case {"allOf": list(all_of)}:
                return " & ".join(self._of(one, mode) for one in all_of)
            case {"type": "array"}:
                return self._array(schema, mode)
            case {"type": "object"}:
                return self._object(schema, mode)
        return _SCALARS.get(str(schema.get("type")), "unknown")

    def _array(self, schema: Schema, mode: str) -> str:
        if "prefixItems" in schema:
            return f"[{', '.join(self._of(one, mode) for one in schema['prefixItems'])}]"
        return f"Array<{self._of(schema.get('items', {}), mode)}>"

    def _object(self, schema: Schema, mode: str) -> str:
        if "properties" not in schema:
            rest = schema.get("additionalProperties", True)
            return f"Record<string, {self._of(rest, mode) if isinstance(rest, dict) else 'unknown'}>"
        required = schema["properties"] if mode == "serialization" else schema.get("required", ())
        parts = (
            f"{json.dumps(name)}{'' if name in required else '?'}: {self._of(inner, mode)}"
            for name, inner in schema["properties"].items()
        )
        return f"{{ {'; '.join(parts)} }}"


def _in_order(given: tuple[Parameter, ...], types: Mapping[str, str]) -> str:
    return ", ".join(
        f"{_script_name(one.name)}{'' if one.required else '?'}: {types[one.name]}" for one in given
    )


def _by_name(given: tuple[Parameter, ...], types: Mapping[str, str]) -> str:
    parts = (f"{json.dumps(one.name)}{'' if one.required else '?'}: {types[one.name]}" for one in given)
    return f"{{ {'; '.join(parts)} }}"


_TEMPLATE: Final = """// Actions of {module} as functions. Arguments in order, or one object of them by name.
import {{ call }} from {client};

const isNamed = (args, names) => {{
  const [only, ...more] = args;
  const isObject = !more.length && only !== null && typeof only === "object" && !Array.isArray(only);
  return isObject && Object.keys(only).length > 0 && Object.keys(only).every((name) => names.includes(name));
}};

const named = (args, names) => isNamed(args, names)
  ? args[0]
  : Object.fromEntries(args.map((value, i) => [names[i] ?? `argument ${{i + 1}}`, value]));
{functions}"""


def script(module: str, client: str) -> str | None:
    """Return the module's source, which imports `call` from `client`; None if it exports nothing."""
    found = _exported(module)
    if not found:
        return None
    functions = "".join(
        f"\nexport const {name} = (...args) => call({json.dumps(f'{module}:{action.name}')}, "
        f"named(args, {json.dumps([one.name for one in _parameters(action)])}));\n"
        for name, action in found.items()
    )
    return _TEMPLATE.format(module=module, client=json.dumps(client), functions=functions)
