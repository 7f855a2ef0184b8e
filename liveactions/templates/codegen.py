"""Generates Python code that renders a template to a fragment.

Jinja2 compiles a template to a function that yields strings, and lets an environment replace the generator
(`Environment.code_generator_class`). This one leaves statements, scopes and expressions to Jinja2, and
changes how a *body* is compiled, the content of a template, block, macro, branch or loop: the code of a
body computes the values of its slots, as `liveactions.templates.plan` has laid them out, and creates a
fragment. This template ::

    <p class="{{ kind }}">{{ name }}</p>
    <ul>{% for task in tasks %}<li>{{ task.title }}</li>{% endfor %}</ul>

becomes, without the handling of undefined names::

    def root(context):
        before = enter(context, shape_0)           # the values of the last render
        kind = attribute(context["kind"])
        name = child(context["name"], before, 1)

        def row(task):
            return Fragment(shape_1, (child(task.title),))

        rows = remember(Loop(row, ...), context["tasks"], before, 2)
        yield Fragment(shape_0, (kind, name, rows))

    shape_0 = Shape(('<p class="', '" data-l="class .">', '</p>\\n<ul data-l="[0,0">', '</ul>'), ...)
    shape_1 = Shape(('<li data-l=".">', '</li>'), ...)

The ``data-l`` attributes tell the client where the slots are: the attribute ``class`` and the content
(``.``) of ``p``; the content of ``ul``, a list. A *sink* determines where the value of a body goes: it is
assigned to the variable of a slot, appended to the items of a list, or yielded. A body that can't have
slots (a *degraded* plan) is compiled by Jinja2 alone, and its output is used as a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from jinja2 import TemplateAssertionError, nodes
from jinja2.compiler import CompilerExit, Frame

from ..exceptions import TemplateError
from ..html.entities import decode_text
from .bound_controls import bind_controls
from .codegen_slots import DEEP, LoopGenerator, Sink
from .commands import is_hidden
from .ir import first_line
from .line_numbers import decode_line, is_encoded
from .plan import Plan, Slot, is_list
from .slot_memo import skippable
from .syntax_tree import every, nodes_in

_IMPORTS = (
    "from liveactions.templates.fragments import Fragment, Items, PerItem, Shape",
    "from liveactions.templates.runtime import LiveMacro as Macro,"
    " LiveTemplateReference as TemplateReference, block, enter, include, include_alone",
    "from liveactions.templates.escaping import attributes, escape, mark_safe as Markup",
    "from liveactions.templates.list_memo import Loop, reference_version, remember",
    "from liveactions.templates.slot_memo import Reads, due_slots",
    "from liveactions.types import Reference",
    "from liveactions.templates.runtime import UnbalancedMarkup, attribute, below, child, content, document,"
    " event, fragment, items, joined, markup, per_item, placed, rendered, source, tag, text, unescaped, url,"
    " verbatim, written_attribute, written_document, written_text, written_url",
)


class LiveCodeGenerator(LoopGenerator):
    """Generates code that creates fragments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outputs: set[int] = set()
        self._shapes: list[str] = []

    def fail(self, msg: str, lineno: int) -> NoReturn:
        name, line = decode_line(self.name, lineno)
        raise TemplateAssertionError(msg, line, name, self.filename if name == self.name else None)

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        try:
            self._template(node, frame)
        except TemplateError as error:
            if not is_encoded(error.lineno):
                raise
            error.name, error.lineno = decode_line(error.name, error.lineno)
            raise

    def _template(self, node: nodes.Template, frame: Frame | None) -> None:
        bind_controls(node, self.name)
        self.planner.hides_js = is_hidden(node, self.environment)
        for one in nodes_in(node.body):
            if isinstance(one, nodes.Block | nodes.Macro | nodes.CallBlock):
                self._outputs.add(id(one.body))
        if any(every(nodes.Extends, node.body)):
            self._check_before_extends(node)
        else:
            self._outputs.add(id(node.body))
        super().visit_Template(node, frame)
        # Functions look these names up when they run, so that they replace Jinja2's here.
        for line in (*_IMPORTS, *self._shapes):
            self.writeline(line)
        self.writeline(f"unbalanced = {self.planner.unbalanced!r}")
        loops = [
            loop for loop in every(nodes.For, node.body) if isinstance(loop.iter, nodes.List | nodes.Tuple)
        ]
        self.writeline(f"constant_lists = {[first_line(loop.body) for loop in loops]!r}")

    def _check_before_extends(self, node: nodes.Template) -> None:
        for statement in node.body:
            if isinstance(statement, nodes.Extends):
                return
            for data in statement.find_all(nodes.TemplateData) if isinstance(statement, nodes.Output) else ():
                if words := data.data.split(maxsplit=1):
                    text = "text before {% extends %} would precede the whole page; move it into a block"
                    line = data.lineno + data.data.count("\n", 0, data.data.index(words[0]))
                    raise TemplateError(text, self.name, line, words[0])

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        assert isinstance(body, list)
        sink = self.sinks.pop(id(body), None)
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
        plan = self.planner.plan(body)
        is_output = sink.prior == "enter"
        if plan.degraded and is_output:
            super().blockvisit(body, frame)
        elif plan.degraded:
            with self._buffer(frame) as inner:
                super().blockvisit(body, inner)
            sink.write(f"rendered({inner.buffer})", frame)
        elif not plan.slots and not is_output and not sink.is_list and "<" not in plan.plain[0]:
            self.silent(plan.after, frame)
            sink.write(repr(decode_text(plan.plain[0])), frame)
        elif plan.bare and not is_output and not sink.is_list:
            value = self.value(plan.bare, frame, sink.prior, sink.slot)
            self.silent(plan.after, frame)
            sink.write(value, frame)
        else:
            self.fragment(plan, frame, sink)

    def fragment(self, plan: Plan, frame: Frame, sink: Sink) -> None:
        shape = self._shape(plan)
        before = self._before(plan, shape, frame, sink)
        prior = "None"
        if before != "None":
            prior = self.temporary_identifier()
            self.writeline(f"{prior} = {before}.values if {before} is not None else None")
        names = skippable(plan, self.environment) if before != "None" and not frame.eval_ctx.volatile else {}
        if names:
            self._fragment_of_due(plan, frame, sink, shape, before, prior, names)
            return
        values = {number: self.value(plan.slots[number], frame, prior, number) for number in plan.order}
        self.silent(plan.after, frame)
        shares = any(slot.only and id(slot.only.node) in self.shared_calls for slot in plan.slots)
        found = [values[number] for number in range(len(values))]
        sink.write(_construct(plan, shape, found, "item" if shares else ""), frame)

    def _fragment_of_due(
        self,
        plan: Plan,
        frame: Frame,
        sink: Sink,
        shape: str,
        before: str,
        prior: str,
        names: dict[int, set[str]],
    ) -> None:
        """Write code that keeps the last values of slots whose `names` have kept theirs."""
        due, inputs = self.temporary_identifier(), self.temporary_identifier()
        reads, order = self._reads(plan, names), sorted(set().union(*names.values()))
        self.writeline(f"{inputs} = [{', '.join(self.outer(name, frame) for name in order)}]")
        self.writeline(f"{due}, {inputs} = due_slots({before}, {inputs}, {reads})")
        is_silent = not plan.after and not any(part.before for slot in plan.slots for part in slot.parts)
        if is_silent and len(names) == len(plan.slots):
            self.writeline(f"if not {due}:")
            self.indent()
            sink.write(before, frame)
            self.outdent()
            self.writeline("else:")
            self.indent()
        values: dict[int, str] = {}
        for number in plan.order:
            if number in names:
                self.writeline(f"if {number} in {due}:")
                self.indent()
            values[number] = self.value(plan.slots[number], frame, prior, number)
            if number in names:
                self.outdent()
                self.writeline("else:")
                self.indent()
                self.writeline(f"{values[number]} = {prior}[{number}]")
                self.outdent()
        self.silent(plan.after, frame)
        found = [values[number] for number in range(len(values))]
        sink.write(_construct(plan, shape, found, inputs), frame)
        if is_silent and len(names) == len(plan.slots):
            self.outdent()

    def constant(self, source: str) -> str:
        name = f"constant_{len(self._shapes)}"
        self._shapes.append(f"{name} = {source}")
        return name

    def _reads(self, plan: Plan, names: dict[int, set[str]]) -> str:
        """Write a constant that says which slots read which names."""
        name = f"reads_{len(self._shapes)}"
        always = tuple(number for number in range(len(plan.slots)) if number not in names)
        readers = tuple(
            tuple(number for number, read in names.items() if one in read)
            for one in sorted(set().union(*names.values()))
        )
        self._shapes.append(f"{name} = Reads({len(plan.slots)}, {always!r}, {readers!r})")
        return name

    def _shape(self, plan: Plan) -> str:
        name = f"shape_{len(self._shapes)}"
        self._shapes.append(f"{name} = Shape({', '.join(map(repr, plan.shape_arguments(self.name)))})")
        return name

    def _before(self, plan: Plan, shape: str, frame: Frame, sink: Sink) -> str:
        """Return the variable that holds this body's last render."""
        if sink.prior == "None" or not any(slot.kind in DEEP for slot in plan.slots):
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

    def statement(
        self, node: nodes.Node, slot: Slot, frame: Frame, name: str, prior: str, number: int
    ) -> None:
        sink = Sink(lambda value, inner: self.writeline(f"{name} = {value}"), prior, number)
        if isinstance(node, nodes.For) and is_list(node):
            self.loop(node, slot, frame, name, prior, number)
        elif isinstance(node, nodes.If | nodes.With):
            self.writeline(f"{name} = ''")
            self.sinks.update((id(body), sink) for body in self.planner.bodies(node) if body)
            self.visit(node, frame)
        elif isinstance(node, nodes.CallBlock):
            self._call_block(node, frame, name)
        elif isinstance(node, nodes.Block):
            self._block(node, frame, name, prior, number)
        elif isinstance(node, nodes.Include):
            self._include(node, frame, sink)
        else:
            self.written(slot, frame, name, "rendered")

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


def _construct(plan: Plan, shape: str, values: Sequence[str], inputs: str = "") -> str:
    if not values:
        return f"{shape}.constant"
    tuple_ = f"({', '.join(values)},)" + (f", {inputs}" if inputs else "")
    deep = [value for value, slot in zip(values, plan.slots, strict=True) if slot.kind in DEEP]
    if not deep:
        return f"Fragment({shape}, {tuple_})"
    is_open = " or ".join(f"type({value}) is UnbalancedMarkup" for value in deep)
    return f"(fragment if {is_open} else Fragment)({shape}, {tuple_})"
