"""Live pages: state and actions on the server, patches in the browser, plain forms without JavaScript."""

from .actions.action import Action, action
from .actions.control import forbidden, not_found, redirect, unauthorized
from .actions.depends import Depends
from .actions.draft import Draft
from .actions.files import file
from .actions.params import Bound, Event, Prev
from .actions.ref import ActionRef
from .app import Live, Pages
from .broker import Broker
from .cache.cached import cached
from .cache.reading import cache_tag
from .cache.revalidation import refresh, revalidate_path, revalidate_tag
from .errors import ActionError, FieldErrors, LiveError
from .limits import Limits
from .ops.asking import CurrentOp, after, current_op, flash
from .ops.deferred import Deferred, defer
from .pages.component import Component
from .pages.controls import button, form_state
from .pages.every import every
from .pages.fields import InUrl, in_url, loaded
from .pages.function import Rendered, render
from .pages.on import on
from .pages.page import Page

__all__ = [
    "Live",
    "Pages",
    "Page",
    "Component",
    "render",
    "Rendered",
    "Action",
    "ActionRef",
    "action",
    "InUrl",
    "in_url",
    "loaded",
    "Bound",
    "Event",
    "Prev",
    "file",
    "Draft",
    "Depends",
    "button",
    "form_state",
    "redirect",
    "not_found",
    "unauthorized",
    "forbidden",
    "every",
    "on",
    "cached",
    "cache_tag",
    "revalidate_tag",
    "revalidate_path",
    "refresh",
    "flash",
    "after",
    "defer",
    "Deferred",
    "current_op",
    "CurrentOp",
    "ActionError",
    "FieldErrors",
    "LiveError",
    "Limits",
    "Broker",
]
