"""Advice in debug mode about actions: forms whose fields have other names than the parameters, changes after
which no `load` runs, and data that is read before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..actions.action import ActionRef
from ..actions.form_input import Input
from ..actions.form_names import unused_fields, unused_fields_text
from ..actions.run_context import Effects, Owner
from ..logs import get_logger
from ..pages.component import Component, components_of, streams_of
from ..pages.page import Page
from ..templates.columns import column_in, lines_of
from ..templates.diagnostics import UNUSED_FIELDS, Advice

log = get_logger(__name__)
_advised: set[str] = set()
"""What was logged already."""


def advise_about_names(
    page: Component, ref: ActionRef[..., Any], given: Input, errors: Iterable[str]
) -> Advice | None:
    """Return advice if required fields are missing from a form, and it has others; otherwise None.

    Log it once for each action and its names.
    """
    missing, unused = unused_fields(ref.action, given, errors)
    if not (missing and unused):
        return None
    text = _place(page, ref.component, unused) + unused_fields_text(ref.action.name, missing, unused)
    said = f"{ref.action.__module__}.{ref.action.__qualname__}: {text}"
    if said not in _advised:
        _advised.add(said)
        log.warning("%s %s", UNUSED_FIELDS, text)
    return Advice(UNUSED_FIELDS, text)


def _place(page: Component, component: Owner, names: Iterable[str]) -> str:
    """Return the template and line of the first of these names, as a prefix; "" if they aren't known."""
    templates = page.live.services.templates
    template = component._live_record.description.template if isinstance(component, Component) else None
    if templates is None or template is None:
        return ""
    lines = lines_of(template, templates.source(template))
    for name in names:
        found = [number for number, line in enumerate(lines, 1) if column_in(line, f'name="{name}"')]
        if len(found) == 1:
            return f"{template}, line {found[0]}: "
    return ""


def advise_about_load(page: Page, action: str, effects: Effects, changed: bool) -> None:
    """Log, once for each action, that no `load` runs after it: it may have changed data that one reads.

    `changed`: whether the action has changed a field of the page or of a component.
    """
    loading = [one for one in components_of(page) if one._live_record.description.loads]
    if (
        loading
        and not streams_of(page)
        and not (changed or effects.revalidates or effects.refreshes or action in _advised)
    ):
        _advised.add(action)
        log.info(
            "%s changed no field, so load() doesn't run again. If it changed data that load() reads, call"
            " refresh(), or revalidate_tag(...) to update all pages that show it.",
            action,
        )


def advise_about_early_reads(page: Page, effects: Effects) -> None:
    """In debug mode, log, once for each cached function, that an action's answer may show older data."""
    for function in sorted(effects.early_reads - _advised) if page.live.services.debug else ():
        _advised.add(function)
        log.warning(
            "%s() was read before the dependencies of the action were closed. If it opens a database session"
            " of its own, it may not see the change, and without JavaScript the page shows the old data. Pass"
            " it the session of load(): parameters with Depends aren't part of the cache's key.",
            function,
        )
