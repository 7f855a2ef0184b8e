"""What forms are told of a call: that of the action itself, and the one that its button stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..actions.draft import Draft, flat
from ..actions.forms import DONE, UNUSED, FormState, kept
from ..actions.input import Input
from ..actions.ref import ActionRef
from ..errors import ForgedReference, UnknownAction
from ..pages.lookup import lookup
from ..pages.page import Page
from .outcome import Outcome


def remember_success(
    page: Page, ref: ActionRef[..., Any], given: Input, result: Any, payload: Any, values: Mapping[str, Any]
) -> None:
    """The result is as it will be when it has been carried in a snapshot. A form shows drafts as the action
    left them; it goes on to show what was typed after an action with ``reset=False``.
    """
    drafts = [value for value in values.values() if isinstance(value, Draft)]
    shown = (
        flat(drafts[0]) if drafts else {} if ref.action.resets else kept(given.pairs, ref.action.plan.secrets)
    )
    form = _form(page, ref, given)
    state = DONE if payload is None else FormState(True, ref.action.results.same(result, payload))
    if form is None and shown:
        state = replace(state, values=shown)
    page.live.forms.put(ref.key, state)
    if form is not None and (shown or form.own is not UNUSED):
        page.live.forms.put(form.key, FormState(result=form.own.result, values=shown))


def remembered(page: Page, ref: ActionRef[..., Any], given: Input) -> list[tuple[str, FormState]]:
    """What forms have been told so far of the calls that a call concerns, by `ActionRef.key`."""
    forms, form = page.live.forms, _form(page, ref, given)
    return [(one.key, forms.exact(one.key)) for one in (ref, form) if one is not None]


def remember_failure(page: Page, ref: ActionRef[..., Any], given: Input, outcome: Outcome) -> None:
    """What was typed stays, the previous result, too."""
    form = _form(page, ref, given)
    secrets = ref.action.plan.secrets | (form.action.plan.secrets if form is not None else set())
    typed = kept(given.pairs, secrets)
    for one in (ref, form):
        if one is not None:
            error, errors = outcome.payload["error"], outcome.payload["errors"]
            page.live.forms.put(one.key, FormState(False, one.own.result, error, errors, typed))


def forget(page: Page, ref: ActionRef[..., Any], given: Input) -> None:
    """The page was left."""
    form = _form(page, ref, given)
    for one in (ref, form):
        if one is not None:
            page.live.forms.forget(one.key)


def _form(page: Page, ref: ActionRef[..., Any], given: Input) -> ActionRef[..., Any] | None:
    """The action of the form that a button of another action was pressed in."""
    if not given.form_token:
        return None
    try:
        form = lookup(page, given.form_token)
    except (UnknownAction, ForgedReference):
        return None
    return None if form.covers(ref) else form
