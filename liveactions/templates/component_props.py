"""Props: the parameters that a component declares, and the values that they accept.

The first line of a component declares them::

    {# props label: str, tone: Literal["info", "warn"] = "info" #}

The syntax is that of Python's parameters; defaults are Jinja expressions and may use earlier props. Values
that are known when a template is compiled are checked against the annotations, as far as these consist of
``str``, ``int``, ``float``, ``bool``, ``list``, ``tuple``, ``dict``, ``Literal`` and unions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from ..exceptions import TemplateError
from .component_body import ATTRS, CONTEXT, SLOTS, meant
from .line_numbers import encode_line
from .syntax_tree import nodes_in

_KINDS: Final[dict[str, tuple[type[Any], ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "tuple": (tuple,),
    "dict": (dict,),
}


_NAMES_ONLY: Final = "props have names; other attributes of the tag are in {{ attrs }}"


@dataclass(frozen=True, slots=True)
class Prop:
    """A parameter of a component; required if it has no default."""

    name: str
    annotation: ast.expr | None
    default: nodes.Expr | None

    def accepts(self, value: Any) -> bool:
        return self.annotation is None or _accepts(self.annotation, value)

    @property
    def accepts_text(self) -> bool:
        """Return whether text that isn't known yet may be right."""
        return self.accepts("") or any(isinstance(one, str) for one in self.literals)

    @property
    def literals(self) -> list[Any]:
        """The values that the annotation lists."""
        return list(_literals(self.annotation)) if self.annotation is not None else []

    def read(self, text: str) -> Any:
        """Return the value that is written in a tag as text. Raise `ValueError` if it has another type."""
        for convert in (str, int, float):
            try:
                value: Any = convert(text)
            except ValueError:
                continue
            if self.accepts(value):
                return value
        raise ValueError(self.expected(text))

    def checked(self, value: Any) -> Any:
        """Return a value. Raise `ValueError` if it has another type."""
        if not self.accepts(value):
            raise ValueError(self.expected(value))
        return value

    def expected(self, value: Any) -> str:
        """Return what should be there instead of a value."""
        if self.literals:
            listed = ", ".join(map(repr, self.literals))
            return f"is one of {listed}, not {value!r}{meant(value, self.literals)}"
        assert self.annotation is not None
        kind = ast.unparse(self.annotation)
        hint = f': write {self.name}, or {self.name}="{{{{ … }}}}"' if kind == "bool" else ""
        return f"is {kind}, not {value!r}{hint}"


def _accepts(annotation: ast.expr, value: Any) -> bool:
    if isinstance(annotation, ast.BinOp):
        return _accepts(annotation.left, value) or _accepts(annotation.right, value)
    if isinstance(annotation, ast.Constant):
        return value is None if annotation.value is None else True
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        if annotation.value.id == "Literal":
            return any(type(value) is type(one) and value == one for one in _literals(annotation))
        if annotation.value.id == "Optional":
            return value is None or _accepts(annotation.slice, value)
        return _accepts(annotation.value, value)
    kinds = _KINDS.get(annotation.id) if isinstance(annotation, ast.Name) else None
    return kinds is None or isinstance(value, kinds) and (type(value) is not bool or bool in kinds)


def _literals(annotation: ast.expr) -> Iterator[Any]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            yield from (one.value for one in ast.walk(node.slice) if isinstance(one, ast.Constant))


def declared(source: str, path: str, environment: Environment) -> dict[str, Prop]:
    """Return the props that a component declares. Raise `TemplateError` if the declaration is wrong."""
    written = _declaration(source, path, environment)
    if written is None:
        return {}
    line, text = written
    if text.lstrip().startswith("*"):
        raise TemplateError(_NAMES_ONLY, path, line)
    function = f"def props({'*, ' if text.strip() else ''}{text}): pass"
    try:
        [parsed] = ast.parse(function).body
    except SyntaxError as error:
        at = line + (error.lineno or 1) - 1
        raise TemplateError(f"props: {error.msg}, in {text.strip()!r}", path, at) from None
    if not isinstance(parsed, ast.FunctionDef) or parsed.args.kwarg or parsed.args.vararg:
        raise TemplateError(_NAMES_ONLY, path, line)
    props: dict[str, Prop] = {}
    for argument, default in zip(parsed.args.kwonlyargs, parsed.args.kw_defaults, strict=True):
        at = line + argument.lineno - 1
        if argument.arg != argument.arg.lower() or argument.arg in (SLOTS, ATTRS, CONTEXT):
            why = "is reserved" if argument.arg in (SLOTS, ATTRS, CONTEXT) else "must be in lower case"
            raise TemplateError(f"the prop {argument.arg!r} {why}", path, at, argument.arg)
        expression = None
        if default is not None:
            expression = _expression(ast.get_source_segment(function, default) or "", path, at, environment)
        prop = props[argument.arg] = Prop(argument.arg, argument.annotation, expression)
        if isinstance(expression, nodes.Const) and not prop.accepts(expression.value):
            text = f"the default of {prop.name} {prop.expected(expression.value)}"
            raise TemplateError(text, path, at, prop.name)
    return props


def with_texts(props: Mapping[str, Prop], tag: str, texts: Mapping[str, Any], path: str) -> dict[str, Prop]:
    """Return a component's props with the application's texts as defaults: ``ui.Dialog.close`` is that of the
    prop `close`.

    Raise `TemplateError` if there is no such prop, or it takes no such text.
    """
    out = dict(props)
    for key in texts:
        of, _, name = key.rpartition(".")
        if of != tag:
            continue
        if name not in props:
            fault = f"messages={{{key!r}: …}}: <{tag}> has no prop {name!r}{meant(name, props)}"
            raise TemplateError(fault, path, 1)
        text = texts[key]
        if isinstance(text, str) and not props[name].accepts(text):
            raise TemplateError(f"messages={{{key!r}: …}}: {name} {props[name].expected(text)}", path, 1)
        out[name] = replace(props[name], default=_text(key, text))
    return out


def _text(key: str, text: Any) -> nodes.Expr:
    """Return the expression for a text. A translation that is lazy is looked up in each render."""
    if isinstance(text, str):
        return nodes.Const(text, lineno=1)
    found: nodes.Expr = nodes.Name("live", "load", lineno=1)
    for name in ("services", "messages"):
        found = nodes.Getattr(found, name, "load", lineno=1)
    found = nodes.Getitem(found, nodes.Const(key, lineno=1), "load", lineno=1)
    return nodes.Filter(found, "string", [], [], None, None, lineno=1)


def _declaration(source: str, path: str, environment: Environment) -> tuple[int, str] | None:
    """Return the line and the text of the comment that declares the props."""
    is_first = True
    for line, token, value in environment.lexer.tokeniter(source, path):
        if token == "comment" and value.split(None, 1)[:1] == ["props"]:
            if not is_first:
                text = "props are declared before everything else, in the first line"
                raise TemplateError(text, path, line, "props")
            return line, value.strip().removeprefix("props").removesuffix("-")
        is_first = is_first and (token in ("comment_begin", "whitespace") or not value.strip())
    return None


def _expression(source: str, path: str, line: int, environment: Environment) -> nodes.Expr:
    try:
        parser = Parser(environment, source, path, state="variable")
        expression: nodes.Expr = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail("only expressions that are Jinja's as well can be used")
    except TemplateSyntaxError as error:
        raise TemplateError(f"props: the default {source!r}: {error.message}", path, line, source) from None
    for node in nodes_in([expression]):
        node.lineno = encode_line(path, line)
    return expression
