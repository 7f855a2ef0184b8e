"""What compiled templates run in: Jinja2's context, macros and blocks, giving fragments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import Template
from jinja2.runtime import BlockReference, Context, Macro, TemplateReference, Undefined

from .escaping import mark_safe
from .fragment import Fragment, Shape
from .reference import Reference
from .values import Values, concat, rendered

Render = Callable[[Context], Iterator[Any]]


class LiveContext(Context):
    """A context that binds references where a template calls them."""

    prior: Fragment | None = None
    """What the function about to be called rendered last."""

    def renew(self, variables: dict[str, Any], blocks: dict[str, Render], prior: Fragment | None) -> None:
        """Begin another render: making a context costs half as much as a small page."""
        self.parent = variables
        self.vars.clear()
        self.exported_vars.clear()
        self.blocks = {name: [block] for name, block in blocks.items()}
        self.prior = prior

    def call(self, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(callee, Reference):
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return callee.bind(*args, **kwargs)
        return super().call(callee, *args, **kwargs)

    def super(self, name: str, current: Render) -> BlockReference | Undefined:
        blocks = self.blocks.get(name, [])
        index = blocks.index(current) + 1 if current in blocks else 0
        if not 0 < index < len(blocks):
            return super().super(name, current)
        return LiveBlock(name, self, blocks, index)


class LiveBlock(BlockReference):
    """``super()`` and ``self.name()``."""

    @property
    def super(self) -> BlockReference | Undefined:
        if self._depth + 1 >= len(self._stack):
            return super().super
        return LiveBlock(self.name, self._context, self._stack, self._depth + 1)

    def __call__(self) -> Any:
        return _as_markup(concat(self._stack[self._depth](self._context)), self._context.eval_ctx.autoescape)


class LiveTemplateReference(TemplateReference):
    """``self`` in a template."""

    def __getitem__(self, name: str) -> Any:
        context: Context = self._TemplateReference__context  # type: ignore[attr-defined]
        return LiveBlock(name, context, context.blocks[name], 0)


class LiveMacro(Macro):
    """A macro, whose result is a fragment."""

    def _invoke(self, arguments: list[Any], autoescape: bool) -> Any:
        return _as_markup(self._func(*arguments), autoescape)


def _as_markup(result: Any, autoescape: bool) -> Any:
    return mark_safe(result) if autoescape and type(result) is not Fragment else result


def enter(context: Any, shape: Shape) -> Values:
    """The values that the template or block rendered last, if they were of this shape."""
    prior, context.prior = context.prior, None
    return prior.values if prior is not None and prior.shape is shape else None


def block(context: Context, name: str, inner: Any, prior: Values, slot: int) -> Any:
    """The value of a block; `inner` is the context that it runs in."""
    _hand_down(inner, prior, slot)
    return rendered(context.blocks[name][0](inner))


def include(template: Template, variables: Any, local: Any, prior: Values, slot: int) -> Any:
    """The value of an included template."""
    inner = template.new_context(variables, True, local)
    _hand_down(inner, prior, slot)
    return rendered(template.root_render_func(inner))


def include_alone(template: Template) -> Any:
    """The value of a template that is included without the context."""
    return rendered(template.root_render_func(template.new_context()))


def _hand_down(context: Any, prior: Values, slot: int) -> None:
    before = prior[slot] if prior is not None else None
    context.prior = before if type(before) is Fragment else None
