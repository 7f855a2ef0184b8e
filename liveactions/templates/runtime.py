"""The functions that generated code calls: for the values of slots, and Jinja2's context, macros and blocks.

The type of a value is its meaning: a `str` is text, `Markup` is raw HTML, a `Fragment` is the result of
another template, macro or component. A slot may have another type in each render. Markup without a tag is
decoded to text once, so that equal contents compare equal. Markup that isn't balanced is `UnbalancedMarkup`,
and the body that contains it becomes a string of HTML.

Functions for slots that may hold fragments receive the values of the last render. If the value is the same,
they return the same object: `liveactions.diff` then skips it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

from jinja2 import Template
from jinja2.runtime import BlockReference, Context, Macro, TemplateReference, Undefined
from jinja2.utils import missing
from markupsafe import Markup
from markupsafe import escape as escape_markup

from ..exceptions import RenderError
from ..html.balance import check_balance, is_balanced, names_in
from ..html.content_model import NO_TEXT, SCOPES, SENSITIVE
from ..html.entities import decode_attribute, decode_text, neutralise
from ..html.tokenizer import NotTrackable, StartTag, scan
from ..immutability import is_frozen, is_record_type
from ..protocol.constants import CHILD_CLOSE, CHILD_OPEN
from ..types import Escaped, Reference
from .commands import Commands
from .escaping import escape, is_marked_safe, join, mark_safe, refuse_function, without_script
from .fragments import Fragment, Items, Kind, PerItem, Shape
from .list_keys import keys


class UnbalancedMarkup(Markup):
    """HTML with unmatched tags. It degrades the body that contains it."""

    __slots__ = ()


Values = tuple[Any, ...] | None
"""The values of the previous fragment in the same place, if it had the same shape."""
MAX_NUMBERS: Final = 2**14
"""Maximum number of integers whose texts are kept: 2 MB."""
_MAX_DIGITS: Final = 20


class _Texts(dict[int, str]):
    """The texts of integers. Rows of all pages that show the same numbers share them."""

    def __missing__(self, number: int) -> str:
        text = str(number)
        if len(text) <= _MAX_DIGITS:
            if len(self) >= MAX_NUMBERS:
                self.clear()
            self[number] = text
        return text


_texts: Final = _Texts()


def child(value: Any, prior: Values = None, slot: int = 0) -> Any:
    """Return the value of a CHILD slot. Components receive their previous render."""
    kind = type(value)
    if kind is str or kind is Fragment:
        return value
    if kind is int:
        return _texts[value]
    if kind is Markup or kind is Escaped:
        before = prior[slot] if prior is not None else None
        return before if isinstance(before, Markup) and before == value else raw(value)
    draw = getattr(kind, "__fragment__", None)
    if draw is not None:
        before = prior[slot] if prior is not None else None
        return draw(value, before if type(before) is Fragment else None)
    if hasattr(kind, "__html__"):
        return raw(escape_markup(value))
    refuse_function(value)
    return str(value)


def raw(value: str) -> str:
    """Return markup as the value of a CHILD slot; as data if it has no tags."""
    if "<" not in value:
        return decode_text(str(value))
    html = neutralise(str(value))
    return Markup(html) if _is_sound(html) else UnbalancedMarkup(html)


def _is_sound(html: str) -> bool:
    """Return whether HTML is balanced. Raise `RenderError` if it can't be sent to a client."""
    return _is_balanced(html) if len(html) <= _REMEMBERED else _look(html)


def _look(html: str) -> bool:
    check_balance(html)
    return is_balanced(html)


_REMEMBERED = 4096
"""Maximum length of HTML for which the result is cached, in characters."""
_is_balanced = lru_cache(maxsize=64)(_look)


def placed(value: Any, above: tuple[str, ...]) -> Any:
    """Return the value of a CHILD or list slot; `UnbalancedMarkup` if browsers wouldn't keep it in its place.

    `above` are the elements around it, see `liveactions.html.content_model.sensitive`. What is looked at is
    the static HTML of each template that takes part, markup, and one item of each kind of a list.
    """
    if _fits(value, above):
        return value
    pieces = value.fragments if type(value) is Items else (value,)
    return UnbalancedMarkup("".join(map(escape_markup, pieces)))


def _fits(value: Any, above: tuple[str, ...]) -> bool:
    kind = type(value)
    if kind is str:
        return above[-1] not in NO_TEXT or not value.strip()
    if kind is Fragment:
        return _shape_fits(value.shape, above) and _all_fit(value.values, above)
    if kind is Items:
        # The previous value of the list in this place was kept by browsers.
        shown = value.fragments if value.base is None else [value.fragments[n] for n in value.changed]
        kinds = {item.shape: item for item in shown}
        return all(_fits(item, above) for item in kinds.values())
    return not isinstance(value, Markup) or _markup_fits(str(value), above)


def _all_fit(values: Iterable[Any], above: tuple[str, ...]) -> bool:
    """Return whether browsers keep what is inside of a value, where what is right around it isn't known."""
    deep = [value for value in values if type(value) in (Fragment, Items) or isinstance(value, Markup)]
    if not deep or SENSITIVE.isdisjoint(above):
        return True
    far = (*(name for name in above if name in SENSITIVE or name in SCOPES), "")
    return all(_fits(value, far) for value in deep)


@lru_cache(maxsize=1024)
def _shape_fits(shape: Shape, above: tuple[str, ...]) -> bool:
    return is_balanced(shape.source, above)


@lru_cache(maxsize=64)
def _markup_fits(html: str, above: tuple[str, ...]) -> bool:
    return is_balanced(html, above)


def rendered(pieces: Iterable[Any]) -> Any:
    """Return the value of a body that was rendered as a string."""
    html = concat(pieces)
    return raw(html) if isinstance(html, str) else html


def unescaped(value: Any) -> Any:
    """Return a value as markup, because autoescaping is off."""
    return value if type(value) is Fragment or isinstance(value, Reference) else mark_safe(value)


def markup(value: Any) -> Any:
    """Return the result of a call within an expression. A fragment becomes markup."""
    return mark_safe(value) if type(value) is Fragment else value


def verbatim(pieces: Iterable[Any]) -> Markup:
    """Return source as raw HTML: a comment, or the content of ``template``."""
    html = neutralise(source(pieces))
    return Markup(html) if _is_sound(html) else UnbalancedMarkup(html)


def concat(pieces: Iterable[Any]) -> Any:
    """Return the output of a template function: a fragment if the rest is white space, otherwise a string."""
    written = list(pieces)
    if len(written) == 1 and type(written[0]) is Fragment:
        return written[0]
    try:
        return join(written)
    except TypeError:  # a fragment among strings
        return _concat(written)


def _concat(written: list[Any]) -> Any:
    fragments = [piece for piece in written if type(piece) is Fragment]
    if len(fragments) == 1 and not any(piece.strip() for piece in written if type(piece) is not Fragment):
        return fragments[0]
    return join([piece if isinstance(piece, str) else mark_safe(piece) for piece in written])


def source(pieces: Iterable[Any]) -> str:
    """Join pieces of HTML source."""
    return "".join([piece if isinstance(piece, str) else piece.__html__() for piece in pieces])


def joined(*parts: Any) -> Any:
    """Return the value of a CHILD slot with several parts: data, or a fragment if a part is one."""
    texts = []
    for part in parts:
        kind = type(part)
        if kind is int:
            texts.append(_texts[part])
        elif kind is str:
            texts.append(part)
        else:
            return _joined([child(part) for part in parts])
    return "".join(texts)


def _joined(values: list[Any]) -> Any:
    if all(type(value) is str for value in values):
        return "".join(values)
    if not any(type(value) is Fragment for value in values):
        return rendered(map(escape_markup, values))
    return fragment(_row(len(values)), tuple(values))


@lru_cache(maxsize=256)
def _row(count: int) -> Shape:
    """Return a shape that consists of this many CHILD slots."""
    opening, closing = f"<!--{CHILD_OPEN}-->", f"<!--{CHILD_CLOSE}-->"
    marked = (opening, *[closing + opening] * (count - 1), closing)
    return Shape(marked, ("",) * (count + 1), (Kind.CHILD,) * count)


def text(value: Any) -> str:
    """Return one part of an attribute value as data."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return _texts[value]
    refuse_function(value)
    return decode_attribute(str(escape_markup(value)))


def content(value: Any) -> str:
    """Return one part of a text element's content as data."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    refuse_function(value)
    return decode_text(str(escape_markup(value)))


def attribute(value: Any) -> Any:
    """Return the value of an ATTR slot: data, or a reference."""
    if type(value) is str:
        return value
    return value.here() if isinstance(value, Reference) else text(value)


def url(*parts: Any) -> Any:
    """Return the value of an ATTR slot that browsers follow or load: a reference, or a safe address.

    Addresses that would run a script are changed, unless the author has marked them as safe.
    """
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return parts[0].here()
    address = "".join(map(text, parts))
    return address if all(map(is_marked_safe, parts)) else without_script(address)


def document(value: Any) -> str:
    """Return one part of an attribute value that is HTML: markup unchanged, text escaped."""
    return str(escape(value))


def event(value: Any) -> Any:
    """Return the value of an EVENT slot: a callable reference, or something false.

    Raise `RenderError` for anything else: nothing could be called.
    """
    if isinstance(value, Reference):
        value = value.here()
        value.check()
        return value
    if isinstance(value, Commands):
        raise RenderError(
            "these client commands come from elsewhere: write {{ js.call(…) }} around them, so that the"
            " attribute is compiled for commands"
        )
    refuse_function(value)
    if value:
        raise RenderError(f"an event attribute calls an action, such as {{{{ save }}}}; {value!r} is none")
    return value


def per_item(shared: PerItem, item: Any) -> PerItem | None:
    """Return the value of an EVENT slot that the items of a list share, or None if this one needs its own."""
    if not isinstance(shared.reference, Reference) or not is_record_type(type(item)):
        return None
    try:
        return shared if shared.reference.accepts(shared.arguments(item)) else None
    except AttributeError:  # Jinja2 may find a value all the same
        return None


def written_attribute(pieces: Iterable[Any]) -> str:
    """Return the value of an attribute from its source."""
    return decode_attribute(source(pieces))


def written_url(pieces: Iterable[Any]) -> str:
    """Return the value of an attribute that browsers follow or load, from its source."""
    written = list(pieces)
    address = written_attribute(written)
    return without_script(address) if any(isinstance(piece, Escaped) for piece in written) else address


def written_document(pieces: Iterable[Any]) -> str:
    """Return the value of an attribute that is HTML, from its source."""
    return decode_attribute(
        "".join([piece if type(piece) is str else escape_markup(source([piece])) for piece in pieces])
    )


def written_text(pieces: Iterable[Any]) -> str:
    """Return the content of ``title`` or ``textarea`` from its source."""
    return decode_text(source(pieces))


def tag(pieces: Iterable[Any]) -> tuple[str, ...]:
    """Parse attributes, as written in a start tag, into a flat tuple of names and values."""
    return _tag(str(concat(["<a ", *pieces, ">"])))


@lru_cache(maxsize=4096)
def _tag(html: str) -> tuple[str, ...]:
    try:
        events = list(scan([html]))
    except NotTrackable:
        return ()
    if len(events) != 1 or not isinstance(events[0], StartTag):
        return ()
    pairs = {
        attribute.name: decode_attribute("".join(map(str, attribute.value or ())))
        for attribute in reversed(events[0].attributes)
        if attribute.name
    }
    return tuple(piece for pair in reversed(pairs.items()) for piece in pair)


def fragment(shape: Shape, values: tuple[Any, ...], inputs: Any = None) -> Any:
    """Return a fragment, or raw HTML if one of its values is unbalanced."""
    if UnbalancedMarkup not in map(type, values):
        return Fragment(shape, values, inputs)
    for slot, value in enumerate(values):
        if type(value) is UnbalancedMarkup:
            shape.unbalanced[slot] = names_in(value)
    html = neutralise(Fragment(shape, values).plain())
    return Markup(html) if is_balanced(html) else UnbalancedMarkup(html)


def items(fragments: list[Any], sources: Sequence[Any] | None = None, elements: bool = False) -> Any:
    """Return the value of a list slot; `UnbalancedMarkup` if an item isn't a tree by itself."""
    if any(type(item) is UnbalancedMarkup or elements and type(item) is not Fragment for item in fragments):
        return UnbalancedMarkup("".join(str(escape_markup(item)) for item in fragments))
    wrapped = [item if type(item) is Fragment else Fragment(_row(1), (item,)) for item in fragments]
    made = Items(wrapped, sources if sources is not None and len(sources) == len(wrapped) else None)
    if made.sources and not is_frozen(made.sources[0]):
        keys(made)  # early: database objects may be unreadable after their session has closed
    return made


def below(prior: Values, slot: int, shape: Shape) -> Fragment | None:
    """Return a slot's previous fragment, if it had this shape."""
    before = prior[slot] if prior is not None else None
    return before if type(before) is Fragment and before.shape is shape else None


Render = Callable[[Context], Iterator[Any]]


class TemplateContext(Context):
    """A context that binds references where a template calls them."""

    prior: Fragment | None = None
    """The last render of the function that is about to be called."""

    def renew(self, variables: dict[str, Any], blocks: dict[str, Render], prior: Fragment | None) -> None:
        """Prepare for another render. Creating a context takes half as long as rendering a small page."""
        self.parent = variables
        self.vars.clear()
        self.exported_vars.clear()
        self.blocks = {name: [block] for name, block in blocks.items()} if blocks else {}
        self.prior = prior

    def resolve_all(self, names: Iterable[str]) -> list[Any]:
        """Return the values of names, or ``missing``, as `resolve_or_missing` of each; with a loop in C."""
        if self.vars:
            return [*map(self.resolve_or_missing, names)]
        return [*map(self.parent.get, names, repeat(missing))]

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
    """A macro that returns a fragment."""

    def _invoke(self, arguments: list[Any], autoescape: bool) -> Any:
        return _as_markup(self._func(*arguments), autoescape)


def _as_markup(result: Any, autoescape: bool) -> Any:
    return mark_safe(result) if autoescape and type(result) is not Fragment else result


def enter(context: Any, shape: Shape) -> Fragment | None:
    """Return the last render of this template or block, if it had this shape."""
    prior, context.prior = context.prior, None
    return prior if prior is not None and prior.shape is shape else None


def block(context: Context, name: str, inner: Any, prior: Values, slot: int) -> Any:
    """Return the value of a block. `inner` is the context that it runs in."""
    _hand_down(inner, prior, slot)
    return rendered(context.blocks[name][0](inner))


def include(template: Template, variables: Any, local: Any, prior: Values, slot: int) -> Any:
    """Return the value of an included template."""
    inner = template.new_context(variables, True, local)
    _hand_down(inner, prior, slot)
    return rendered(template.root_render_func(inner))


def include_alone(template: Template) -> Any:
    """Return the value of a template that is included without the context."""
    return rendered(template.root_render_func(template.new_context()))


def _hand_down(context: Any, prior: Values, slot: int) -> None:
    before = prior[slot] if prior is not None else None
    context.prior = before if type(before) is Fragment else None
