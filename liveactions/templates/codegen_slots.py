"""Generates code for the values of slots, and for loops.

A value that consists of expressions and text is computed directly, by the function of
`liveactions.templates.runtime` for that kind of slot: ``child(name)``, ``attribute(kind)``. Other values,
such as an attribute with an ``{% if %}`` in it, are written into a buffer, as by Jinja2, and the source in
the buffer is converted: ``written_attribute(buffer)``.

A loop whose body depends on its item and some names only (`liveactions.templates.purity`) becomes a
function that renders one item, for `liveactions.templates.list_memo.remember`, which calls it for new and
changed items only. Any other loop stays a Python loop that renders all of its items.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import FILTERS
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.nodes import EvalContext, Impossible
from markupsafe import Markup
from markupsafe import escape as escape_markup

from ..html.content_model import NO_TEXT
from ..html.entities import decode_attribute, decode_text
from .fragments import Kind
from .ir import Part
from .plan import Plan, Planner, Slot
from .purity import names, qualifies

DEEP = (Kind.CHILD, Kind.LIST, Kind.ELEMENTS)
"""Kinds of slots that may hold fragments."""
_WRITTEN = {
    Kind.CHILD: "rendered",
    Kind.ATTR: "written_attribute",
    Kind.TAG: "tag",
    Kind.TEXT: "written_text",
    Kind.RAW: "source",
}
"""Functions that convert source to a slot's value."""
_KEEP_TEXT = ("child", "attribute", "content", "text")
"""Functions that return a `str` as it is: they aren't called for one, which is most of what they get."""


class SlotGenerator(CodeGenerator):
    """The part of the generator that handles slots, except for those that are statements."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wholes: set[int] = set()
        self.shared_calls: dict[int, str] = {}
        """Calls of which the items of a list share the value: the variables of that and of the item."""

    @abstractmethod
    def statement(
        self, node: nodes.Node, slot: Slot, frame: Frame, name: str, prior: str, number: int
    ) -> None:
        """Write code that computes the value of a slot that is one statement, and assigns it to `name`."""

    def enter_frame(self, frame: Frame) -> None:
        """Read all names of a frame that come from the context at once."""
        loads = frame.symbols.loads
        names = {target: name for target, (action, name) in loads.items() if action == VAR_LOAD_RESOLVE}
        if len(names) > 1:
            targets, context = ", ".join(names), self._context_reference_stack[-1]
            self.writeline(f"{targets} = {context}.resolve_all({tuple(names.values())!r})")
            frame.symbols.loads = {target: load for target, load in loads.items() if target not in names}
        super().enter_frame(frame)
        frame.symbols.loads = loads

    def value(self, slot: Slot, frame: Frame, prior: str, number: int) -> str:
        """Write code that computes a slot's value. Return the variable that holds it."""
        name = self.temporary_identifier()
        only = slot.only
        if slot.is_verbatim:
            self.written(slot, frame, name, "verbatim")
        elif only and not only.is_expression and slot.kind in DEEP:
            self.silent(only.before, frame)
            self.statement(only.node, slot, frame, name, prior, number)
        elif slot.is_simple and not frame.eval_ctx.volatile:
            self._expressions(slot, frame, name, prior, number)
        else:
            self.written(slot, frame, name, _written(slot))
        if slot.above:
            self.writeline(f"if type({name}) is not str:" if slot.above[-1] not in NO_TEXT else f"if {name}:")
            self.indent()
            self.writeline(f"{name} = placed({name}, {slot.above!r})")
            self.outdent()
        return name

    def _expressions(self, slot: Slot, frame: Frame, name: str, prior: str, number: int) -> None:
        self.silent((node for piece in slot.run if isinstance(piece, Part) for node in piece.before), frame)
        self.writeline(f"{name} = ", slot.parts[0].node)
        self.slot_expression(slot, frame, prior, number)

    def slot_expression(self, slot: Slot, frame: Frame, prior: str, number: int) -> None:
        only = slot.only
        if slot.kind is Kind.EVENT:
            assert only
            shared = self.shared_calls.get(id(only.node))
            self.write(f"per_item({shared}) or " if shared else "")
            self._expression(only, "event", frame)
        elif only and slot.kind is Kind.CHILD:
            self._expression(only, "child", frame, f", {prior}, {number}" if prior != "None" else "")
        elif slot.is_url:
            self.write("url(")
            self._parts(slot.run, frame, "", ", ", Markup)
            self.write(")")
        elif slot.is_document:
            self._parts(slot.run, frame, "document", " + ", decode_attribute)
        elif only:
            self._expression(only, "content" if slot.kind is Kind.TEXT else "attribute", frame)
        elif slot.kind is Kind.CHILD:
            self.write("joined(")
            self._parts(slot.run, frame, "", ", ", decode_text)
            self.write(")")
        elif slot.kind is Kind.TEXT:
            self._parts(slot.run, frame, "content", " + ", decode_text)
        else:
            self._parts(slot.run, frame, "text", " + ", decode_attribute)

    def _parts(
        self, run: Sequence[str | Part], frame: Frame, function: str, glue: str, decode: Callable[[str], str]
    ) -> None:
        for index, piece in enumerate(run):
            self.write(glue if index else "")
            if isinstance(piece, str):
                self.write(repr(decode(piece)))
            else:
                self._expression(piece, function, frame)

    def _expression(self, part: Part, function: str, frame: Frame, extra: str = "") -> None:
        finalize = self._make_finalize().src or ""
        # Without autoescape, everything is markup.
        functions = [function, "" if frame.eval_ctx.autoescape else "unescaped", finalize.rstrip("(")]
        opened = [name for name in functions if name]
        is_text = function in _KEEP_TEXT
        if is_text:
            value = self.temporary_identifier()
            self.write(f"({value} if type({value} := ")
            opened = opened[1:]
        self.write("".join(f"{name}(" for name in opened))
        self._wholes.add(id(part.node))
        self.visit(part.node if finalize else _otherwise_nothing(part.node), frame)
        if is_text:
            self.write(")" * len(opened) + f") is str else {function}({value}{extra}))")
        elif opened:
            self.write(")" * (len(opened) - 1) + f"{extra})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        if id(node) in self._wholes:
            if isinstance(node.node, nodes.Name) and not (
                node.kwargs or node.dyn_args or node.dyn_kwargs or forward_caller
            ):
                self._bound(node, node.node, frame)
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("markup(")
        super().visit_Call(node, frame, forward_caller=forward_caller)
        self.write(")")

    def _bound(self, node: nodes.Call, name: nodes.Name, frame: Frame) -> None:
        """Bind arguments to an action directly, as most calls in templates do."""
        self.visit(name, frame)
        self.write(".bind(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write(") if isinstance(")
        self.visit(name, frame)
        self.write(", Reference) else ")

    def reads_plainly(self, frame: Frame) -> bool:
        """Return whether expressions have the values of their attributes, and nothing is done with these."""
        default = type(self.environment).getattr is Environment.getattr
        context = frame.eval_ctx
        return default and bool(context.autoescape) and not context.volatile and not self._make_finalize().src

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """Read an attribute directly if it exists; otherwise let Jinja2 look it up."""
        if not isinstance(node.node, nodes.Name) or type(self.environment).getattr is not Environment.getattr:
            super().visit_Getattr(node, frame)
            return
        found = self.temporary_identifier()
        self.write(f"({found} if ({found} := getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, missing)) is not missing else ")
        super().visit_Getattr(node, frame)
        self.write(")")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """Write filters so that their escaped output is recognized as data."""
        used = self.environment.filters.get(node.name)
        if node.node is not None and used is escape_markup:
            self.write("escape(")
            self.visit(node.node, frame)
            self.write(")")
        elif node.node is not None and used is FILTERS["xmlattr"]:
            self.write("attributes(")
            super().visit_Filter(node, frame)
            self.write(")")
        else:
            super().visit_Filter(node, frame)

    def written(self, slot: Slot, frame: Frame, name: str, function: str) -> None:
        """Write a value as source, as Jinja2 does, and convert that."""
        with self._buffer(frame) as inner:
            for piece in slot.run:
                if isinstance(piece, str):
                    self.writeline(f"{inner.buffer}.append({piece!r})")
                    continue
                self.silent(piece.before, inner)
                node = nodes.Output([piece.node], lineno=piece.lineno) if piece.is_expression else piece.node
                self.visit(node, inner)
        self.writeline(f"{name} = {function}({inner.buffer})")

    @contextmanager
    def _buffer(self, frame: Frame) -> Iterator[Frame]:
        """Return a frame whose output is collected."""
        inner = frame.copy()
        inner.require_output_check = False
        self.buffer(inner)
        yield inner

    def silent(self, statements: Iterable[nodes.Node], frame: Frame) -> None:
        for statement in statements:
            self.visit(statement, frame)

    def fold(self, node: nodes.Expr) -> str | None:
        finalize = self._make_finalize()
        if finalize.const is None:
            return None
        try:
            return self._output_child_to_const(
                node, Frame(EvalContext(self.environment, self.name)), finalize
            )
        except (Impossible, Exception):
            return None


def _written(slot: Slot) -> str:
    if slot.is_document:
        return "written_document"
    return "written_url" if slot.is_url else _WRITTEN[slot.kind]


def _otherwise_nothing(node: nodes.Node) -> nodes.Node:
    """Add an empty ``else`` to a condition that has none, to avoid creating an `Undefined`."""
    if not isinstance(node, nodes.CondExpr) or node.expr2 is not None:
        return node
    return nodes.CondExpr(node.test, node.expr1, nodes.Const(""), lineno=node.lineno)


@dataclass(frozen=True, slots=True)
class Sink:
    """The destination of a body's value: a function that writes the code for it.

    `prior` is the expression for the last values of the surrounding body.
    """

    write: Callable[[str, Frame], None]
    prior: str = "None"
    slot: int = 0
    is_list: bool = False
    begin: Callable[[Frame], None] | None = None
    """Writes code that precedes the body."""


class LoopGenerator(SlotGenerator):
    """The part of the generator that handles loops."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.planner = Planner(self.name, self.fold)
        self.sinks: dict[int, Sink] = {}

    @abstractmethod
    def fragment(self, plan: Plan, frame: Frame, sink: Sink) -> None:
        """Write code that creates a fragment, and pass it to the sink."""

    @abstractmethod
    def constant(self, source: str) -> str:
        """Write a constant of the template. Return its name."""

    def loop(self, node: nodes.For, slot: Slot, frame: Frame, name: str, prior: str, number: int) -> None:
        """Write code that computes a list and assigns it to the variable `name`."""
        if prior != "None" and self._is_remembered(node):
            self._remembered(node, slot, frame, name, prior, number)
        else:
            self._for(node, slot, frame, name)

    def _for(self, node: nodes.For, slot: Slot, frame: Frame, name: str) -> None:
        fragments, sources = self.temporary_identifier(), self.temporary_identifier()
        target = node.target.name if isinstance(node.target, nodes.Name) else None

        def append(value: str, inner: Frame) -> None:
            self.writeline(f"{fragments}.append({value})")

        def note_source(inner: Frame) -> None:
            if target is not None:
                self.writeline(f"{sources}.append({inner.symbols.ref(target)})")

        self.writeline(f"{fragments} = []")
        self.writeline(f"{sources} = []")
        self.sinks[id(node.body)] = Sink(append, is_list=True, begin=note_source)
        if node.else_:
            self.sinks[id(node.else_)] = Sink(append, is_list=True)
        self.visit_For(node, frame)
        self.writeline(f"{name} = items({fragments}, {sources}, {slot.kind is Kind.ELEMENTS})")

    def _is_remembered(self, node: nodes.For) -> bool:
        body = self.planner.plan(node.body)
        return (
            not body.degraded
            and qualifies(node.body, self.environment)
            and (node.test is None or isinstance(node.target, nodes.Name))
        )

    def _remembered(
        self, node: nodes.For, slot: Slot, frame: Frame, name: str, prior: str, number: int
    ) -> None:
        """Write a loop with memory: functions for its items, and the values of the names that it reads."""
        plan = self.planner.plan(node.body)
        inner = frame.inner()
        inner.symbols.analyze_node(node, for_branch="body")
        self._resolve_outer(inner)
        outer = {name_: self.outer(name_, frame) for name_ in sorted(names(node.body) - _own(node))}
        render, sources = self.temporary_identifier(), self.temporary_identifier()
        self._share_calls(node, plan, frame, inner)
        self._render_function(node, plan, inner, render)
        columns = self._columns(node, plan, inner, set(outer))
        readers = ", ".join(_readers(plan, columns, name_) for name_ in outer)
        loop = f"Loop({render}, ({_tuple(outer.values())}), ({readers and readers + ','}), "
        loop += "{" + ", ".join(f"{slot_}: {column}" for slot_, column in columns.items()) + "}, "
        self._sources(node, frame, sources)
        self.writeline(
            f"{name} = remember({loop}{slot.kind is Kind.ELEMENTS}), {sources}, {prior}, {number})"
        )
        if node.else_:
            self._otherwise(node, slot, frame, name)

    def _resolve_outer(self, inner: Frame) -> None:
        """Resolve names that the body is the first to read once for the loop instead of for each item."""
        for target, (action, name) in inner.symbols.loads.items():
            if action == VAR_LOAD_RESOLVE:
                self.writeline(f"{target} = {self.get_resolve_func()}({name!r})")

    def outer(self, name: str, frame: Frame) -> str:
        """Return the value of a name around the loop; with a dot, a number that its attributes change."""
        if name.endswith("."):
            return f"reference_version({self.outer(name[:-1], frame)})"
        return frame.symbols.find_ref(name) or f"{self.get_resolve_func()}({name!r})"

    def _render_function(self, node: nodes.For, plan: Plan, inner: Frame, name: str) -> None:
        self.writeline(f"def {name}(item):", node)
        self.indent()
        self._unpack(node, inner, "item")
        self.fragment(plan, inner, Sink(lambda value, _: self.writeline(f"return {value}"), is_list=True))
        self.outdent()

    def _share_calls(self, node: nodes.For, plan: Plan, frame: Frame, inner: Frame) -> None:
        """Write what the items share where an event calls a name with attributes of its item."""
        if not isinstance(node.target, nodes.Name) or not self.reads_plainly(frame):
            return
        for slot in plan.slots:
            call = slot.only.node if slot.kind is Kind.EVENT and slot.only else None
            arguments = _arguments_of_item(call, node.target.name)
            if arguments is not None and isinstance(call, nodes.Call) and isinstance(call.node, nodes.Name):
                shared = self.temporary_identifier()
                function = self.constant(f"lambda item: {arguments}")
                self.writeline(f"{shared} = PerItem({self.outer(call.node.name, frame)}, {function})")
                self.shared_calls[id(call)] = f"{shared}, {inner.symbols.ref(node.target.name)}"

    def _unpack(self, node: nodes.For, inner: Frame, source: str) -> None:
        self.writeline("")
        self.visit(node.target, inner)
        self.write(f" = {source}")

    def _columns(self, node: nodes.For, plan: Plan, inner: Frame, outer: set[str]) -> dict[int, str]:
        """Write functions that compute, for all items, single slots that read a name from around the loop."""
        columns: dict[int, str] = {}
        own = _own(node)
        for number, slot in enumerate(plan.slots):
            if not slot.is_simple or slot.above or not (slot.names & outer - own):
                continue
            columns[number] = name = self.temporary_identifier()
            self.writeline(f"def {name}(items):", node)
            self.indent()
            self.writeline("return [")
            self.slot_expression(slot, inner, "None", number)
            self.write(" for ")
            self.visit(node.target, inner)
            self.write(" in items]")
            self.outdent()
        return columns

    def _sources(self, node: nodes.For, frame: Frame, name: str) -> None:
        if node.test is None:
            self.writeline(f"{name} = ", node)
            self.visit(node.iter, frame)
            return
        test = frame.inner()
        test.symbols.analyze_node(node, for_branch="test")
        function = self.temporary_identifier()
        self.writeline(f"def {function}(items):", node.test)
        self.indent()
        self.enter_frame(test)
        self.writeline("return tuple([")
        self.visit(node.target, test)
        self.write(" for ")
        self.visit(node.target, test)
        self.write(" in items if ")
        self.visit(node.test, test)
        self.write("])")
        self.outdent()
        self.writeline(f"{name} = {function}(")
        self.visit(node.iter, frame)
        self.write(")")

    def _otherwise(self, node: nodes.For, slot: Slot, frame: Frame, name: str) -> None:
        """Write the ``else`` of a loop."""
        inner = frame.inner()
        inner.symbols.analyze_node(node, for_branch="else")
        self.writeline(f"if type({name}) is Items and not {name}.fragments:")
        self.indent()
        self.enter_frame(inner)
        write = f"items([%s], None, {slot.kind is Kind.ELEMENTS})"
        self.sinks[id(node.else_)] = Sink(
            lambda value, _: self.writeline(f"{name} = {write % value}"), is_list=True
        )
        self.blockvisit(node.else_, inner)
        self.leave_frame(inner)
        self.outdent()


def _own(node: nodes.For) -> set[str]:
    """Return the names of a loop's target."""
    own = names([node.target])
    return own | {f"{name}." for name in own}


def _arguments_of_item(call: nodes.Node | None, item: str) -> str | None:
    """Return the arguments of a call as the source of a tuple, with the variable `item` for the loop's item.

    Return None unless each of them is a constant, the item or one of its attributes.
    """
    if not isinstance(call, nodes.Call) or call.kwargs or call.dyn_args or call.dyn_kwargs or not call.args:
        return None
    if not isinstance(call.node, nodes.Name) or call.node.name == item:
        return None
    found = []
    for argument in call.args:
        if isinstance(argument, nodes.Const):
            found.append(repr(argument.value))
        elif isinstance(argument, nodes.Name) and argument.name == item:
            found.append("item")
        elif isinstance(argument, nodes.Getattr) and argument.node == nodes.Name(item, "load"):
            found.append(f"getattr(item, {argument.attr!r})")
        else:
            return None
    return f"({_tuple(found)})"


def _tuple(values: Iterable[str]) -> str:
    return "".join(f"{value}, " for value in values)


def _readers(plan: Plan, columns: dict[int, str], name: str) -> str:
    """Return the slots that read a name, as source; None if other code than that of columns reads it."""
    slots = [number for number, slot in enumerate(plan.slots) if name in slot.names]
    if any(number not in columns for number in slots) or name in names(plan.after):
        return "None"
    return f"({_tuple(map(str, slots))})"
