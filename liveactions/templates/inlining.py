"""Replace a component's tag with a copy of the component's nodes.

In the copy, props are replaced with the expressions that the tag passes. An expression that is expensive, or
depends on its position, is assigned to a variable first. The names that a component sets get a prefix, so
that it doesn't change those of the page. Conditions that are constant by then, such as
``{% if slots.footer %}``, are evaluated. The result is what an author would have written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard, cast

from jinja2 import Environment, nodes
from jinja2.nodes import EvalContext, Impossible

from ..html.entities import decode_attribute
from ..html.tokenizer import Attribute
from .component_body import ATTRS, CONTEXT, SLOTS, member_of, parameters_in, stored_names
from .component_files import ComponentFile
from .ir import Part, attribute_source, runs
from .line_numbers import is_encoded, with_use
from .purity import qualifies
from .syntax_tree import every, nodes_in

ALL: Final = "all"
"""``attrs.all``: the attributes of the component's tag that aren't props."""
OTHERS: Final = "others"
"""``attrs.others``: the same, except ``class``."""
ALSO_CLASS: Final = "also_class"
"""``attrs.also_class``: the classes to append to those of the element."""
_HAS: Final = "has_"
_UNKNOWN: Final = object()


_IS_WRITTEN: Final = "liveactions_is_written"
"""Marks values of text and expressions, such as ``Hello {{ name }}``, whose parts are output one by one."""


def text_of(run: Sequence[str | Part], line: int) -> nodes.Concat:
    """Return the value of an attribute that consists of text and expressions."""
    parts: list[nodes.Node] = []
    for piece in run:
        parts.append(
            nodes.Const(decode_attribute(piece), lineno=line) if isinstance(piece, str) else piece.node
        )
    value = nodes.Concat(parts, lineno=line)
    setattr(value, _IS_WRITTEN, True)
    return value


def _is_written(value: nodes.Node) -> TypeGuard[nodes.Concat]:
    return isinstance(value, nodes.Concat) and hasattr(value, _IS_WRITTEN)


def of_attrs(name: str, line: int) -> nodes.Expr:
    """Return the expression ``attrs.<name>``."""
    return nodes.Getattr(nodes.Name(ATTRS, "load", lineno=line), name, "load", lineno=line)


@dataclass(slots=True)
class Call:
    """The slots, props and attributes that a tag passes to its component.

    `prefix`: for the names that the component sets. `is_inner`: whether the tag is in a component itself.
    """

    prefix: str
    is_inner: bool
    slots: dict[str, list[nodes.Node]]
    lets: dict[str, list[str]]
    """The names in the slots for the values that the component passes to them."""
    line: int = 0
    """The line of the tag; 0 for calls of macros, which are in the same template."""
    props: dict[str, nodes.Expr] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)


def inline(component: ComponentFile, call: Call, environment: Environment) -> list[nodes.Node]:
    """Return the nodes that replace a component's tag."""
    found = _Inlining(component, call, environment).run()
    for node in nodes_in(found) if call.line else ():
        if is_encoded(node.lineno):
            node.lineno = with_use(node.lineno, component.path, call.line)
    return found


class _Inlining:
    """Copies a component's nodes for one tag."""

    def __init__(self, component: ComponentFile, call: Call, environment: Environment) -> None:
        self._component = component
        self._call = call
        self._environment = environment
        self._stored = stored_names(component.body)
        self._has_parameters = any(parameters_in(component.body))
        self._values: dict[str, nodes.Expr] = {}
        """The expressions that replace names which the component reads."""
        self._renamed = {name: call.prefix + name for name in self._stored}
        self._loops = 0

    def run(self) -> list[nodes.Node]:
        before: list[nodes.Node] = []
        for prop in self._component.props.values():
            value = self._call.props.get(prop.name)
            if value is None:
                assert prop.default is not None
                value = self._expression(prop.default)
            known = self._constant(value)
            if isinstance(known, str | int | float | None):
                value = nodes.Const(known, lineno=value.lineno)
            if not self._may_replace(prop.name, value):
                name = self._renamed[prop.name] = self._call.prefix + prop.name
                before.append(nodes.Assign(nodes.Name(name, "store"), value, lineno=value.lineno))
                value = nodes.Name(name, "load", lineno=value.lineno)
            self._values[prop.name] = value
        self._keep_loop(before)
        return before + self.body(self._component.body)

    def _may_replace(self, name: str, value: nodes.Expr) -> bool:
        """Return whether a prop may be replaced with its expression, instead of a variable with its value."""
        if name in self._stored:
            return False
        if isinstance(value, nodes.Const):
            return True
        if _reads_loop([value]) or self._has_parameters or not self._is_pure(value):
            return False
        uses, is_repeated = _uses(self._component.body, name)
        return _is_cheap(value) or (uses <= 1 and not is_repeated)

    def _is_pure(self, value: nodes.Expr) -> bool:
        parts = value.nodes if _is_written(value) else [value]
        return qualifies(parts, self._environment)

    def _keep_loop(self, before: list[nodes.Node]) -> None:
        """Save the page's ``loop`` for slots that the component renders in a loop of its own."""
        has_loops = any(every(nodes.For, self._component.body))
        if not has_loops or not any(_reads_loop(nodes_) for nodes_ in self._call.slots.values()):
            return
        name = self._call.prefix + "loop"
        loop = nodes.Name("loop", "load", lineno=1)
        before.append(nodes.Assign(nodes.Name(name, "store"), loop, lineno=1))
        self._call.slots = {slot: list(map(copied, found)) for slot, found in self._call.slots.items()}
        for found in self._call.slots.values():
            for node in _outside_loops(found):
                if isinstance(node, nodes.Name) and node.name == "loop":
                    node.name = name

    # Statements

    def body(self, found: Iterable[nodes.Node]) -> list[nodes.Node]:
        """Return a copy of a body."""
        return [copy for node in found for copy in self._statement(node)]

    def _statement(self, node: nodes.Node) -> list[nodes.Node]:
        if isinstance(node, nodes.Output):
            return [copy for child in node.nodes for copy in self._output(child)]
        if isinstance(node, nodes.If):
            return self._condition(node)
        if isinstance(node, nodes.Macro | nodes.CallBlock):
            return [self._with_parameters(node)]
        return [self._copy(node)]

    def _output(self, node: nodes.Node) -> list[nodes.Node]:
        """Return the nodes that an expression outputs: those of a slot, of attributes, or its own."""
        if isinstance(node, nodes.Call) and member_of(node.node)[0] == SLOTS:
            return self._slot(member_of(node.node)[1], node.args)
        of, name = member_of(node)
        if of == SLOTS:
            return self._slot(name, [])
        if of == ATTRS and name in (ALL, OTHERS):
            return list(self._attributes(with_class=name == ALL))
        if of == ATTRS and name == ALSO_CLASS:
            return list(self._classes())
        value = self._copy(node)
        parts = value.nodes if _is_written(value) else [value]
        return [nodes.Output([part], lineno=part.lineno or node.lineno) for part in parts]

    def _slot(self, name: str, arguments: Iterable[nodes.Expr]) -> list[nodes.Node]:
        """Return the content of a slot. Replace the names of ``let`` with the component's values."""
        before: list[nodes.Node] = []
        values: dict[str, nodes.Expr] = {}
        for let, argument in zip(self._call.lets.get(name, []), arguments, strict=False):
            value = self._expression(argument)
            if not _is_cheap(value):
                target = self._call.prefix + let
                before.append(nodes.Assign(nodes.Name(target, "store"), value, lineno=value.lineno))
                value = nodes.Name(target, "load", lineno=value.lineno)
            values[let] = value

        def copy(node: nodes.Node) -> nodes.Node:
            known = values.get(node.name) if isinstance(node, nodes.Name) else None
            return copied(node, copy) if known is None else copied(known)

        return before + [copy(node) for node in self._call.slots.get(name, [])]

    def _condition(self, node: nodes.If) -> list[nodes.Node]:
        """Return an ``if`` statement without the branches that never run."""
        branches: list[tuple[nodes.Expr, list[nodes.Node], int]] = []
        for one in (node, *node.elif_):
            test = self._expression(cast(nodes.Expr, one.test))
            known = self._constant(test)
            if known is not _UNKNOWN and not known:
                continue
            body = self.body(one.body)
            if known is not _UNKNOWN:
                return _if_statement(branches, body)
            branches.append((test, body, one.lineno))
        return _if_statement(branches, self.body(node.else_))

    def _with_parameters(self, node: nodes.Macro | nodes.CallBlock) -> nodes.Node:
        """Return a copy of a macro. Its parameters aren't renamed or replaced."""
        hidden = {argument.name for argument in node.args}
        values, renamed = self._values, self._renamed
        defaults = [self._copy(default) for default in node.defaults]
        self._values = {name: value for name, value in values.items() if name not in hidden}
        self._renamed = {name: to for name, to in renamed.items() if name not in hidden}
        copy = self._copy(node)
        self._values, self._renamed = values, renamed
        copy.defaults = defaults  # type: ignore[attr-defined]
        return copy

    # Expressions

    def _expression(self, node: nodes.Expr) -> nodes.Expr:
        copy = self._copy(node)
        assert isinstance(copy, nodes.Expr)
        return copy

    def _copy(self, node: nodes.Node) -> nodes.Node:
        """Return a copy of a node, with its names replaced or renamed."""
        if isinstance(node, nodes.Name):
            value = self._values.get(node.name) if node.ctx == "load" else None
            if value is not None:
                return copied(value, copied)
            return nodes.Name(self._renamed.get(node.name, node.name), node.ctx, lineno=node.lineno)
        of, name = member_of(node)
        if of == SLOTS:
            return _is_filled(self._call.slots.get(name, []), node.lineno)
        if of == CONTEXT and not self._call.is_inner:
            return nodes.Name(name, "load", lineno=node.lineno)
        if of == ATTRS and name.startswith(_HAS):
            return self._has(node, name.removeprefix(_HAS))
        copy = copied(node, self._copy, self.body)
        if isinstance(copy, nodes.Macro | nodes.NSRef):
            copy.name = self._renamed.get(copy.name, copy.name)
        elif isinstance(copy, nodes.Import):
            copy.target = self._renamed.get(copy.target, copy.target)
        elif isinstance(copy, nodes.FromImport):
            pairs = [(name, name) if isinstance(name, str) else name for name in copy.names]
            copy.names = [(name, self._renamed.get(to, to)) for name, to in pairs]
        elif isinstance(copy, nodes.CondExpr):
            return self._fold_condition(copy)
        elif isinstance(copy, nodes.And | nodes.Or):
            return self._fold_operator(copy)
        return copy

    def _fold_condition(self, node: nodes.CondExpr) -> nodes.Node:
        known = self._constant(node.test)
        if known is _UNKNOWN:
            return node
        return node.expr1 if known else node.expr2 or nodes.Const("", lineno=node.lineno)

    def _fold_operator(self, node: nodes.And | nodes.Or) -> nodes.Node:
        known = self._constant(node.left)
        if known is _UNKNOWN:
            return node
        return node.right if bool(known) is isinstance(node, nodes.And) else node.left

    def _constant(self, node: nodes.Expr) -> Any:
        try:
            return node.as_const(EvalContext(self._environment, self._component.path))
        except (Impossible, Exception):
            return _UNKNOWN

    # Attributes of the component's tag

    def _has(self, node: nodes.Node, name: str) -> nodes.Node:
        if any(attribute.name == name for attribute in self._call.attributes):
            return nodes.Const(True, lineno=node.lineno)
        return node if self._forwards_attrs() else nodes.Const(False, lineno=node.lineno)

    def _forwards_attrs(self) -> bool:
        """Return whether the tag contains ``{{ attrs }}`` of the component that it is in."""
        return any(map(_is_forwarded, self._call.attributes))

    def _attributes(self, with_class: bool) -> Iterator[nodes.Node]:
        own_class = any(attribute.name == "class" for attribute in self._call.attributes)
        for attribute in self._call.attributes:
            line = attribute.line
            if _is_forwarded(attribute):
                others = OTHERS if own_class or not with_class else ALL
                yield nodes.Output([of_attrs(others, line)], lineno=line)
            elif attribute.name != "class":
                written = list(_nodes(attribute_source(attribute), line))
                if attribute.name is not None and self._forwards_attrs():
                    replaced = of_attrs(_HAS + attribute.name, line)
                    written = [nodes.If(nodes.Not(replaced), written, [], [], lineno=line)]
                yield from written
            elif with_class:
                yield from _nodes([' class="'], line)
                yield from self._classes("")
                yield from _nodes(['"'], line)

    def _classes(self, space: str = " ") -> Iterator[nodes.Node]:
        for attribute in self._call.attributes:
            if attribute.name == "class":
                source = attribute_source(attribute)
                yield from _nodes([space, *source[1:-1]] if len(source) > 2 else [], attribute.line)
        for attribute in self._call.attributes:
            if _is_forwarded(attribute):
                yield nodes.Output([of_attrs(ALSO_CLASS, attribute.line)], lineno=attribute.line)


def _is_forwarded(attribute: Attribute) -> bool:
    run = runs(attribute) if attribute.name is None else []
    node = run[0].node if len(run) == 1 and isinstance(run[0], Part) else None
    return isinstance(node, nodes.Name) and node.name == ATTRS


def _nodes(run: Sequence[str | Part], line: int) -> Iterator[nodes.Node]:
    for piece in run:
        if isinstance(piece, str):
            yield nodes.Output([nodes.TemplateData(piece, lineno=line)], lineno=line)
        else:
            node = copied(piece.node, copied)
            yield nodes.Output([node], lineno=node.lineno) if piece.is_expression else node


def _is_filled(content: list[nodes.Node], line: int) -> nodes.Expr:
    """Return an expression for whether a slot has content.

    A slot that only contains another component's slot has content if that one has.
    """
    only = content[0].nodes[0] if len(content) == 1 and isinstance(content[0], nodes.Output) else None
    only = only.node if isinstance(only, nodes.Call) else only
    if isinstance(only, nodes.Getattr) and member_of(only)[0] == SLOTS:
        return only
    return nodes.Const(bool(content), lineno=line)


def _if_statement(
    branches: list[tuple[nodes.Expr, list[nodes.Node], int]], otherwise: list[nodes.Node]
) -> list[nodes.Node]:
    """Return an ``if`` statement with these branches, each a test, a body and a line."""
    if not branches:
        return otherwise
    made = [nodes.If(test, body, [], [], lineno=line) for test, body, line in branches]
    made[0].elif_, made[0].else_ = made[1:], otherwise
    return [made[0]]


def copied(node: nodes.Node, inner: Any = None, body: Any = None) -> nodes.Node:
    """Return a copy of a node. `inner` copies the nodes in it, and `body` its bodies; default: `copied`."""
    inner = inner or copied
    fields = []
    for name in node.fields:
        value = getattr(node, name)
        if body is not None and name in ("body", "else_") and isinstance(value, list):
            value = body(value)
        elif isinstance(value, nodes.Node):
            value = inner(value)
        elif isinstance(value, list):
            value = [inner(one) if isinstance(one, nodes.Node) else one for one in value]
        fields.append(value)
    copy = type(node)(*fields, lineno=node.lineno, environment=node.environment)
    if _is_written(node):
        setattr(copy, _IS_WRITTEN, True)
    return copy


def _is_cheap(node: nodes.Node) -> bool:
    """Return whether an expression only reads variables, their attributes and items, and constants."""
    if isinstance(node, nodes.Getattr):
        return _is_cheap(node.node)
    if isinstance(node, nodes.Getitem):
        return _is_cheap(node.node) and _is_cheap(node.arg)
    if _is_written(node):
        return all(map(_is_cheap, node.nodes))
    return isinstance(node, nodes.Name | nodes.Const)


def _uses(body: Iterable[nodes.Node], name: str, is_repeated: bool = False) -> tuple[int, bool]:
    """Return how often a name is read, and whether it is read in a loop or a macro."""
    uses, repeated = 0, False
    for node in body:
        inside = is_repeated or isinstance(node, nodes.For | nodes.Macro | nodes.CallBlock)
        if isinstance(node, nodes.Name) and node.name == name:
            uses, repeated = uses + 1, repeated or is_repeated
        more, again = _uses(node.iter_child_nodes(), name, inside)
        uses, repeated = uses + more, repeated or again
    return uses, repeated


def _reads_loop(found: Iterable[nodes.Node]) -> bool:
    return any(isinstance(node, nodes.Name) and node.name == "loop" for node in _outside_loops(found))


def _outside_loops(found: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield nodes that aren't in the body of a loop."""
    for node in found:
        yield node
        yield from _outside_loops(
            node.iter_child_nodes(exclude=("body", "test") if isinstance(node, nodes.For) else ())
        )
