"""TypeScript declarations of a module's functions, from their annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticOmit

from ..actions.action import Action
from ..actions.annotations import result_hint
from ..actions.params import Parameter
from .exported import exported, parameters, script_name

Schema = Mapping[str, Any]
_SCALARS: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_REFERENCE: Final = "#/$defs/"


def declarations(module: str) -> str | None:
    """The text of the module's ``.d.ts``; None when it exports nothing."""
    found = exported(module)
    if not found:
        return None
    return "\n".join(_Declaration(name, action).text() for name, action in found.items())


class _Declaration:
    """One function's types. Those that it names are its own: two functions never share one."""

    def __init__(self, name: str, action: Action[..., Any]) -> None:
        self.name = name
        self.action = action
        self._types: dict[str, str] = {}

    def text(self) -> str:
        given = parameters(self.action)
        order = sorted(given, key=lambda one: not one.required)
        types = {one.name: self._type(one.annotation, "validation") for one in given}
        result = self._type(self._returned(), "serialization")
        lines = [f"/** {line} */" for line in (self.action.__doc__ or "").strip().splitlines()[:1]]
        if order == list(given):
            lines.append(f"export function {self.name}({_in_order(given, types)}): Promise<{result}>;")
        if given:
            named = _by_name(given, types)
            lines.append(f"export function {self.name}(named: {named}): Promise<{result}>;")
        return "\n".join([*self._types.values(), *lines, ""])

    def _returned(self) -> Any:
        return result_hint(self.action.function, self.action.names)

    def _type(self, annotation: Any, mode: Literal["validation", "serialization"]) -> str:
        try:
            schema = TypeAdapter(annotation).json_schema(mode=mode)
        except (PydanticUserError, PydanticOmit, TypeError):  # it has no JSON: whoever calls must know
            return "unknown"
        for name, inner in schema.get("$defs", {}).items():
            own = self._named(name, mode)
            if own not in self._types:
                self._types[own] = ""  # may be part of itself
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
        f"{script_name(one.name)}{'' if one.required else '?'}: {types[one.name]}" for one in given
    )


def _by_name(given: tuple[Parameter, ...], types: Mapping[str, str]) -> str:
    parts = (f"{json.dumps(one.name)}{'' if one.required else '?'}: {types[one.name]}" for one in given)
    return f"{{ {'; '.join(parts)} }}"
