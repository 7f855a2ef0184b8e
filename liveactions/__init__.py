"""Live pages: state and actions on the server, patches in the browser, plain forms without JavaScript."""

from .action import Action, ActionRef, action
from .app import Live, Pages
from .component import Component
from .control import forbidden, not_found, redirect, unauthorized
from .depends import Depends
from .errors import ActionError, FieldErrors, LiveError
from .every import every
from .fields import InUrl, in_url, loaded
from .limits import Limits
from .page import Page
from .params import Bound, Event, Prev

__all__ = [
    "Live",
    "Pages",
    "Page",
    "Component",
    "Action",
    "ActionRef",
    "action",
    "InUrl",
    "in_url",
    "loaded",
    "Bound",
    "Event",
    "Prev",
    "Depends",
    "redirect",
    "not_found",
    "unauthorized",
    "forbidden",
    "every",
    "ActionError",
    "FieldErrors",
    "LiveError",
    "Limits",
]
