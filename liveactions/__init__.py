"""Live pages: state and actions on the server, patches in the browser, plain forms without JavaScript."""

from .actions.action import Action, ActionRef
from .actions.controls import textarea
from .actions.decorator import action
from .actions.files import file
from .actions.form_input import Draft
from .actions.markers import Bound, Depends, Event, Prev
from .actions.rates import user_or_address
from .actions.responses import forbidden, not_found, redirect, unauthorized
from .app import Live, Pages
from .cache.cached import cached
from .cache.tags import cache_tag, refresh, revalidate_path, revalidate_tag
from .config import Limits
from .exceptions import ActionError, FieldErrors, LiveError
from .execution.effects import CurrentOp, after, current_op, flash
from .execution.loading import Deferred, defer
from .observation import Stats
from .pages.component import Component
from .pages.description import every, on
from .pages.fields import InSession, InTab, InUrl, in_url, loaded
from .pages.page import Page
from .pages.page_functions import Rendered, render
from .pages.page_html import button, form_state
from .pages.presence import presence, present
from .pubsub import Broker
from .templates import Commands, jinja, js
from .templates.streams import Stream, stream
from .types import DirectUpload

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
    "InTab",
    "InSession",
    "loaded",
    "Stream",
    "stream",
    "Bound",
    "Event",
    "Prev",
    "file",
    "DirectUpload",
    "textarea",
    "Draft",
    "Depends",
    "user_or_address",
    "button",
    "form_state",
    "jinja",
    "js",
    "Commands",
    "redirect",
    "not_found",
    "unauthorized",
    "forbidden",
    "every",
    "on",
    "presence",
    "present",
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
    "Stats",
    "Broker",
]
