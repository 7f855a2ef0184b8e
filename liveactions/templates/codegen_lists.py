"""Generate code for loops.

A loop whose body depends on its item and some names only (`liveactions.templates.purity`) becomes a
function that renders one item, for `liveactions.templates.list_memo.remember`, which calls it for new and
changed items only. Any other loop stays a Python loop that renders all of its items.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.idtracking import VAR_LOAD_RESOLVE

from .codegen_values import SlotGenerator
from .fragments import Kind
from .plan import Plan, Planner, Slot
from .purity import names, qualifies


@dataclass(frozen=True, slots=True)
class Sink:
    """Where the value of a body goes.

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

    def _otherwise(self, node: nodes.For, slot: Slot, frame: Frame, name: str, sources: str) -> None:
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


def _tuple(values: Iterable[str]) -> str:
    return "".join(f"{value}, " for value in values)


def _readers(plan: Plan, columns: dict[int, str], name: str) -> str:
    """Return the slots that read a name, as source; None if it is read elsewhere than in columns."""
    slots = [number for number, slot in enumerate(plan.slots) if name in slot.names]
    if any(number not in columns for number in slots) or name in names(plan.after):
        return "None"
    return f"({_tuple(map(str, slots))})"
