"""The JavaScript module of a Python module: one function for each action that scripts may call."""

from __future__ import annotations

import json
from typing import Final

from .exported import exported, parameters

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
    """The module's source, which imports `call` from `client`; None when it exports nothing."""
    found = exported(module)
    if not found:
        return None
    functions = "".join(
        f"\nexport const {name} = (...args) => call({json.dumps(f'{module}:{action.name}')}, "
        f"named(args, {json.dumps([one.name for one in parameters(action)])}));\n"
        for name, action in found.items()
    )
    return _TEMPLATE.format(module=module, client=json.dumps(client), functions=functions)
