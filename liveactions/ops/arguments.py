"""An action's arguments: from what was bound and sent, checked by annotations, then by its validators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..actions import binding
from ..actions.input import Input
from ..actions.messages import text
from ..actions.ref import ActionRef
from ..errors import ActionError, ForgedReference
from .deadline import invoke
from .failure import expected
from .injection import Injection


async def arguments_of(
    ref: ActionRef[..., Any], given: Input, injection: Injection
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values of the parameters filled by name, and texts for the fields that don't fit.

    `ForgedReference` when an argument is missing that only a template binds.
    """
    action = ref.action
    try:
        ref.check()
    except TypeError as error:
        raise ForgedReference(str(error)) from None
    bound = binding.named(action.plan, ref.args)
    services = injection.page.live.services
    if action.max_body is not None and given.size > action.max_body:
        raise ActionError(text("form_too_long", services.messages), status=413)
    raw = not action.validates
    values, errors = action.plan.fill(bound, given, services.messages, raw=raw, upload=services.upload)
    for validator in action.validators:
        await _validate(validator, ref, values, errors, injection)
    return values, errors


async def _validate(
    validator: Callable[..., Any],
    ref: ActionRef[..., Any],
    values: dict[str, Any],
    errors: dict[str, str],
    injection: Injection,
) -> None:
    """Runs a validator if what it wants to see is there; its objections are added to `errors`."""
    plan = ref.action.plan_of(validator)
    if any(one.required and one.name not in values for one in plan.named):
        return
    arguments = {one.name: values[one.name] for one in plan.named if one.name in values}
    arguments.update(await injection.arguments(plan, ref.component))
    args = (ref.component,) if ref.action.is_method else ()
    only = plan.named[0].name if len(plan.named) == 1 else ""
    services = injection.page.live.services
    try:
        found = await invoke(services.timeout, validator, args, arguments) or {}
    except ActionError as raised:
        public = expected(raised, services.messages) or raised
        found = {**public.errors, **({"": public.message} if public.message else {})}
    except ValidationError:  # of something else: arguments have been checked
        raise
    except ValueError as error:
        found = {only: str(error)}
    for path, objection in found.items():
        errors.setdefault(path, objection)
