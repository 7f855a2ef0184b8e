"""Compiles a template to Python that makes fragments.

Jinja2 documents `Environment.code_generator_class` as the place for this (its own native types use
it). Of its generator only bodies are compiled differently: where Jinja2 writes strings, a planned
body computes its slots' values and hands a fragment to its *sink*: the variable of a slot, the
items of a list, or the output of a template function. Statements, scopes and expressions are
Jinja2's own, and a degraded body is compiled by Jinja2 alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, CompilerExit, Frame
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.nodes import EvalContext, Impossible

from ..errors import TemplateError
from ..html.entities import decode_attribute, decode_text
from .fragment import Kind
from .plan import Plan, Planner, Slot, is_list
from .purity import names, qualifies
from .tape import Part

_IMPORTS = (
    "from liveactions.template.fragment import Fragment, Items, Shape",
    "from liveactions.template.context import LiveMacro as Macro, LiveTemplateReference as TemplateReference,"
    " block, enter, include, include_alone",
    "from liveactions.template.memory import Loop, remember",
    "from liveactions.template.values import attribute, below, child, content, event, fragment, items,"
    " joined, markup, rendered, source, tag, text, unescaped, verbatim, written_attribute, written_text",
)

_WRITTEN = {
    Kind.CHILD: "rendered",
    Kind.ATTR: "written_attribute",
    Kind.TAG: "tag",
    Kind.TEXT: "written_text",
    Kind.RAW: "source",
}
"""How a value is made from source."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a body's value goes. `prior` is the expression of the values that stood around it before."""

    write: Callable[[str, Frame], None]
    prior: str = "None"
    slot: int = 0
    is_list: bool = False
    begin: Callable[[Frame], None] | None = None
    """Writes what comes before the body."""


class LiveCodeGenerator(CodeGenerator):
    """Generates code that makes fragments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._planner = Planner(self.name, self._fold)
        self._sinks: dict[int, Sink] = {}
        self._outputs: set[int] = set()
        self._shapes: list[str] = []
        self._wholes: set[int] = set()

    # -- templates and bodies

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        if node.find(nodes.Extends) is None:
            self._outputs.add(id(node.body))
        else:
            self._check_before_extends(node)
        functions: tuple[type[Any], ...] = (nodes.Block, nodes.Macro, nodes.CallBlock)
        self._outputs.update(id(function.body) for function in node.find_all(functions))
        super().visit_Template(node, frame)
        # Functions look these names up when they run: here they replace Jinja2's.
        for line in (*_IMPORTS, *self._shapes):
            self.writeline(line)

    def _check_before_extends(self, node: nodes.Template) -> None:
        for statement in node.body:
            if isinstance(statement, nodes.Extends):
                return
            for data in statement.find_all(nodes.TemplateData) if isinstance(statement, nodes.Output) else ():
                if data.data.strip():
                    raise TemplateError(
                        "text before {% extends %} would stand before the whole page; move it into a block",
                        self.name,
                        data.lineno,
                    )

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        assert isinstance(body, list)
        sink = self._sinks.pop(id(body), None)
        if sink is None and id(body) not in self._outputs:
            super().blockvisit(body, frame)
            return
        if sink is not None and sink.begin is not None:
            sink.begin(frame)
        with suppress(CompilerExit):
            self._body(body, frame, sink or self._output())

    def _output(self) -> Sink:
        return Sink(self.simple_write, "enter")

    def _body(self, body: list[nodes.Node], frame: Frame, sink: Sink) -> None:
        plan = self._planner.plan(body)
        is_output = sink.prior == "enter"
        if plan.degraded and is_output:
            super().blockvisit(body, frame)
        elif plan.degraded:
            with self._buffer(frame) as inner:
                super().blockvisit(body, inner)
            sink.write(f"rendered({inner.buffer})", frame)
        elif not plan.slots and not is_output and not sink.is_list and "<" not in plan.plain[0]:
            self._silent(plan.after, frame)
            sink.write(repr(decode_text(plan.plain[0])), frame)
        elif plan.bare and not is_output and not sink.is_list:
            value = self._value(plan.bare, frame, sink.prior, sink.slot)
            self._silent(plan.after, frame)
            sink.write(value, frame)
        else:
            self._fragment(plan, frame, sink)

    def _fragment(self, plan: Plan, frame: Frame, sink: Sink) -> None:
        shape = self._shape(plan)
        prior = self._prior(plan, shape, frame, sink)
        values = [self._value(slot, frame, prior, number) for number, slot in enumerate(plan.slots)]
        self._silent(plan.after, frame)
        sink.write(_construct(plan, shape, values), frame)

    def _shape(self, plan: Plan) -> str:
        name = f"shape_{len(self._shapes)}"
        kinds = tuple(int(slot.kind) for slot in plan.slots)
        where = (self.name, plan.line)
        parts = tuple(plan.marked), tuple(plan.plain), kinds, plan.namespace, plan.key, where
        self._shapes.append(f"{name} = Shape({', '.join(map(repr, parts))})")
        return name

    def _prior(self, plan: Plan, shape: str, frame: Frame, sink: Sink) -> str:
        """The name of the values that this body had before."""
        if sink.prior == "None" or not any(slot.kind in _DEEP for slot in plan.slots):
            return "None"
        if sink.prior != "enter":
            call = f"below({sink.prior}, {sink.slot}, {shape})"
        elif frame.buffer is None:
            call = f"enter(context, {shape})"
        else:
            return "None"
        name = self.temporary_identifier()
        self.writeline(f"{name} = {call}")
        return name

    def _silent(self, statements: Iterable[nodes.Node], frame: Frame) -> None:
        for statement in statements:
            self.visit(statement, frame)

    # -- values

    def _value(self, slot: Slot, frame: Frame, prior: str, number: int) -> str:
        """Writes what computes a slot's value; returns the variable that holds it."""
        name = self.temporary_identifier()
        only = slot.only
        if slot.name == "!":
            self._written(slot, frame, name, "verbatim")
        elif only and not only.is_expression and slot.kind in _DEEP:
            self._silent(only.before, frame)
            self._statement(only.node, slot, frame, name, prior, number)
        elif slot.is_simple and not frame.eval_ctx.volatile:
            self._expressions(slot, frame, name, prior, number)
        else:
            self._written(slot, frame, name, _WRITTEN[slot.kind])
        return name

    def _expressions(self, slot: Slot, frame: Frame, name: str, prior: str, number: int) -> None:
        self._silent((node for piece in slot.run if isinstance(piece, Part) for node in piece.before), frame)
        self.writeline(f"{name} = ", slot.only.node if slot.only else None)
        self._slot_expression(slot, frame, prior, number)

    def _slot_expression(self, slot: Slot, frame: Frame, prior: str, number: int) -> None:
        only = slot.only
        if slot.kind is Kind.EVENT:
            assert only
            self._expression(only, "event", frame)
        elif only and slot.kind is Kind.CHILD:
            self._expression(only, "child", frame, f", {prior}, {number}" if prior != "None" else "")
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
        # Without autoescape everything is markup.
        functions = [function, "" if frame.eval_ctx.autoescape else "unescaped", finalize.rstrip("(")]
        opened = [name for name in functions if name]
        self.write("".join(f"{name}(" for name in opened[:-1]) + (f"{opened[-1]}(" if opened else ""))
        self._wholes.add(id(part.node))
        self.visit(part.node if finalize else _otherwise_nothing(part.node), frame)
        self.write((")" * (len(opened) - 1) + f"{extra})") if opened else "")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        if id(node) in self._wholes:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("markup(")
        super().visit_Call(node, frame, forward_caller=forward_caller)
        self.write(")")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """Most often an attribute is there: Jinja2's own way is for when it isn't."""
        if not isinstance(node.node, nodes.Name) or type(self.environment).getattr is not Environment.getattr:
            super().visit_Getattr(node, frame)
            return
        found = self.temporary_identifier()
        self.write(f"({found} if ({found} := getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, missing)) is not missing else ")
        super().visit_Getattr(node, frame)
        self.write(")")

    def _written(self, slot: Slot, frame: Frame, name: str, function: str) -> None:
        """A value that is made from source, as Jinja2 writes it."""
        with self._buffer(frame) as inner:
            for piece in slot.run:
                if isinstance(piece, str):
                    self.writeline(f"{inner.buffer}.append({piece!r})")
                    continue
                self._silent(piece.before, inner)
                node = nodes.Output([piece.node], lineno=piece.lineno) if piece.is_expression else piece.node
                self.visit(node, inner)
        self.writeline(f"{name} = {function}({inner.buffer})")

    @contextmanager
    def _buffer(self, frame: Frame) -> Iterator[Frame]:
        """A frame that collects what is written in it."""
        inner = frame.copy()
        inner.require_output_check = False
        self.buffer(inner)
        yield inner

    # -- statements

    def _statement(
        self, node: nodes.Node, slot: Slot, frame: Frame, name: str, prior: str, number: int
    ) -> None:
        sink = Sink(lambda value, inner: self.writeline(f"{name} = {value}"), prior, number)
        if isinstance(node, nodes.For) and is_list(node):
            if prior != "None" and self._is_remembered(node):
                self._remembered(node, slot, frame, name, prior, number)
            else:
                self._for(node, slot, frame, name)
        elif isinstance(node, nodes.If | nodes.With):
            self.writeline(f"{name} = ''")
            self._sinks.update((id(body), sink) for body in self._planner.bodies(node) if body)
            self.visit(node, frame)
        elif isinstance(node, nodes.CallBlock):
            self._call_block(node, frame, name)
        elif isinstance(node, nodes.Block):
            self._block(node, frame, name, prior, number)
        elif isinstance(node, nodes.Include):
            self._include(node, frame, sink)
        else:
            self._written(slot, frame, name, "rendered")

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
        self._sinks[id(node.body)] = Sink(append, is_list=True, begin=note_source)
        if node.else_:
            self._sinks[id(node.else_)] = Sink(append, is_list=True)
        self.visit_For(node, frame)
        self.writeline(f"{name} = items({fragments}, {sources}, {slot.kind is Kind.ELEMENTS})")

    def _is_remembered(self, node: nodes.For) -> bool:
        body = self._planner.plan(node.body)
        return (
            not body.degraded
            and qualifies(node.body, self.environment)
            and (node.test is None or isinstance(node.target, nodes.Name))
        )

    def _remembered(
        self, node: nodes.For, slot: Slot, frame: Frame, name: str, prior: str, number: int
    ) -> None:
        """A loop with memory: what it is made of as functions, and what it reads as values."""
        plan = self._planner.plan(node.body)
        inner = frame.inner()
        inner.symbols.analyze_node(node, for_branch="body")
        self._resolve_outer(inner)
        outer = {
            name_: self._outer(name_, frame) for name_ in sorted(names(node.body) - names([node.target]))
        }
        render, sources = self.temporary_identifier(), self.temporary_identifier()
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
            self._otherwise(node, slot, frame, name, sources)

    def _resolve_outer(self, inner: Frame) -> None:
        """Names that the body is the first to read: once for the loop instead of for each item."""
        for target, (action, name) in inner.symbols.loads.items():
            if action == VAR_LOAD_RESOLVE:
                self.writeline(f"{target} = {self.get_resolve_func()}({name!r})")

    def _outer(self, name: str, frame: Frame) -> str:
        """The value of a name around the loop."""
        return frame.symbols.find_ref(name) or f"{self.get_resolve_func()}({name!r})"

    def _render_function(self, node: nodes.For, plan: Plan, inner: Frame, name: str) -> None:
        self.writeline(f"def {name}(item):", node)
        self.indent()
        self._unpack(node, inner, "item")
        self._fragment(plan, inner, Sink(lambda value, _: self.writeline(f"return {value}"), is_list=True))
        self.outdent()

    def _unpack(self, node: nodes.For, inner: Frame, source: str) -> None:
        self.writeline("")
        self.visit(node.target, inner)
        self.write(f" = {source}")

    def _columns(self, node: nodes.For, plan: Plan, inner: Frame, outer: set[str]) -> dict[int, str]:
        """Functions that compute, for all items, single slots that read a name from around the loop."""
        columns: dict[int, str] = {}
        own = names([node.target])
        for number, slot in enumerate(plan.slots):
            if not slot.is_simple or not (slot.names & outer - own):
                continue
            columns[number] = name = self.temporary_identifier()
            self.writeline(f"def {name}(items):", node)
            self.indent()
            self.writeline("return [")
            self._slot_expression(slot, inner, "None", number)
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

    def _otherwise(self, node: nodes.For, slot: Slot, frame: Frame, name: str, sources: str) -> None:
        """What stands in place of no items at all."""
        inner = frame.inner()
        inner.symbols.analyze_node(node, for_branch="else")
        self.writeline(f"if type({name}) is Items and not {name}.fragments:")
        self.indent()
        self.enter_frame(inner)
        write = f"items([%s], None, {slot.kind is Kind.ELEMENTS})"
        self._sinks[id(node.else_)] = Sink(
            lambda value, _: self.writeline(f"{name} = {write % value}"), is_list=True
        )
        self.blockvisit(node.else_, inner)
        self.leave_frame(inner)
        self.outdent()

    def _call_block(self, node: nodes.CallBlock, frame: Frame, name: str) -> None:
        call_frame, macro_ref = self.macro_body(node, frame)
        self.writeline("caller = ")
        self.macro_def(macro_ref, call_frame)
        self.writeline(f"{name} = child(", node)
        self._wholes.add(id(node.call))
        self.visit_Call(node.call, frame, forward_caller=True)
        self.write(")")

    def _block(self, node: nodes.Block, frame: Frame, name: str, prior: str, number: int) -> None:
        if node.required:
            self.writeline(f"if len(context.blocks[{node.name!r}]) <= 1:", node)
            self.indent()
            self.writeline(f'raise TemplateRuntimeError("Required block {node.name!r} not found")', node)
            self.outdent()
        context = self.get_context_ref()
        inner = self.derive_context(frame) if node.scoped else context
        self.writeline(f"{name} = block({context}, {node.name!r}, {inner}, {prior}, {number})", node)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        def write(value: str, inner: Frame) -> None:
            self.simple_write(f"escape({value})", frame)

        self._include(node, frame, Sink(write))

    def _include(self, node: nodes.Include, frame: Frame, sink: Sink) -> None:
        template = self.temporary_identifier()
        local = self.dump_local_context(frame)
        value = f"include({template}, context.get_all(), {local}, {sink.prior}, {sink.slot})"
        if not node.with_context:
            value = f"include_alone({template})"
        if node.ignore_missing:
            self.writeline("try:")
            self.indent()
        self.writeline(f"{template} = environment.get_or_select_template(", node)
        self.visit(node.template, frame)
        self.write(f", {self.name!r})")
        if node.ignore_missing:
            self.outdent()
            self.writeline("except TemplateNotFound:")
            self.indent()
            sink.write("''", frame)
            self.outdent()
            self.writeline("else:")
            self.indent()
        sink.write(value, frame)
        self.outdent(int(node.ignore_missing))

    # -- constants

    def _fold(self, node: nodes.Expr) -> str | None:
        finalize = self._make_finalize()
        if finalize.const is None:
            return None
        try:
            return self._output_child_to_const(
                node, Frame(EvalContext(self.environment, self.name)), finalize
            )
        except (Impossible, Exception):
            return None


_DEEP = (Kind.CHILD, Kind.LIST, Kind.ELEMENTS)


def _tuple(values: Iterable[str]) -> str:
    return "".join(f"{value}, " for value in values)


def _readers(plan: Plan, columns: dict[int, str], name: str) -> str:
    """The slots that read a name, as source; None when it is read by more than the columns."""
    slots = [number for number, slot in enumerate(plan.slots) if name in slot.names]
    if any(number not in columns for number in slots) or name in names(plan.after):
        return "None"
    return f"({_tuple(map(str, slots))})"


def _otherwise_nothing(node: nodes.Node) -> nodes.Node:
    """A condition without ``else`` gives nothing: no `Undefined` is needed to say so."""
    if not isinstance(node, nodes.CondExpr) or node.expr2 is not None:
        return node
    return nodes.CondExpr(node.test, node.expr1, nodes.Const(""), lineno=node.lineno)


def _construct(plan: Plan, shape: str, values: Sequence[str]) -> str:
    if not values:
        return f"{shape}.constant"
    tuple_ = f"({', '.join(values)},)"
    function = "fragment" if any(slot.kind in _DEEP for slot in plan.slots) else "Fragment"
    return f"{function}({shape}, {tuple_})"
