"""Templates compiled to shapes, and fragments, the results of rendering them.

The modules, in the order in which a template passes through them:

`embedded`
    templates that are embedded in Python files
`component_props`, `component_body`, `component_files`
    components: their declarations and bodies, their files with styles and scripts
`component_tags`, `macro_calls`, `inlining`, `line_numbers`
    replace tags such as ``<Card>``, and calls of macros, with their bodies; encode lines of other templates
`template_strings`, `raw_html`
    HTML that pages write without Jinja2
`live_attributes`, `bound_controls`
    the ``live-…`` attributes; translates ``live-bind`` into other ones
`ir`
    a template's body as a tree of elements with dynamic parts
`plan`
    that tree as static HTML with slots
`codegen`, `codegen_slots`, `purity`
    Python code that computes the slots' values and returns a fragment; expressions that may be skipped
`runtime`, `escaping`, `slot_memo`, `list_memo`, `list_keys`, `streams`
    the functions that the generated code calls; those that skip what hasn't changed
`fragments`, `digests`
    shapes and fragments, how they become HTML, and digests to compare them by
`commands`
    client commands; those that are constant are computed when a template is compiled
`environment`
    the Jinja2 environment that combines all of this
`diagnostics`, `columns`
    advice about templates in debug mode; the template, line and column of a mistake
"""

from ..types import Reference
from .commands import BEGINNING as COMMANDS_BEGINNING
from .commands import Commands, js
from .embedded import is_embedded, jinja
from .environment import Templates, View
from .fragments import BODY_MARK, FORM_STATE, HEAD_MARK, Fragment, Items, Kind, Shape
from .purity import pure
from .raw_html import Html, has_raw, html_of, is_html, raw_page
from .template_strings import page_from_render, part_from_render

__all__ = [
    "BODY_MARK",
    "COMMANDS_BEGINNING",
    "Commands",
    "FORM_STATE",
    "HEAD_MARK",
    "Fragment",
    "Html",
    "Items",
    "Kind",
    "Reference",
    "Shape",
    "Templates",
    "is_embedded",
    "jinja",
    "js",
    "pure",
    "View",
    "html_of",
    "is_html",
    "has_raw",
    "raw_page",
    "page_from_render",
    "part_from_render",
]
