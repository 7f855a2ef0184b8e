"""Fills the parameters of a page's functions: with dependencies, bound arguments and submitted values.

Dependencies are opened when they are first needed, inside the context managers of `Live(around=)`, which may
set a locale, a tenant or a trace. They are closed when the run commits or rolls back.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from ..actions.action import ActionRef
from ..actions.bound_arguments import named
from ..actions.form_input import NO_INPUT, Arguments, Input
from ..actions.markers import Depends, Event
from ..actions.messages import text
from ..actions.parameters import Parameter, ParameterPlan, plan_of
from ..actions.rates import Rate, TooManyCalls, whole_seconds
from ..actions.responses import ActionResponse
from ..actions.run_context import Owner
from ..cache.tags import Reading, note
from ..exceptions import ActionError, FieldErrors, ForgedReference, StoreError
from ..logs import get_logger
from ..pages.bound_fields import BoundField, item_of
from ..pages.component import Component, components_of
from ..pages.lookup import current_reference, lookup
from ..pages.page import Page
from ..templates.diagnostics import Advice
from .advice import advise_about_names
from .results import visitor_error
from .timeouts import invoke

log = get_logger(__name__)
_NO_EVENT: Final = Event()


@asynccontextmanager
async def around(page: Component) -> AsyncIterator[None]:
    """Enter the context managers of `Live(around=)`, in order, for a page's request."""
    async with AsyncExitStack() as stack:
        for manager in page.live.services.around:
            await stack.enter_async_context(manager(page.request))
        yield


def raise_response(value: Any) -> None:
    """Raise a value that a function has returned, if it is control flow (`redirect()` and the like)."""
    if isinstance(value, ActionResponse):
        raise value


@dataclass(frozen=True, slots=True)
class Provided:
    """The value of a dependency, and the tags and components that it has read."""

    value: Any
    tags: frozenset[str]
    components: frozenset[object]


class Injection:
    """The dependencies of one run. They are opened when they are first needed.

    For an action, `PageRun` calls `admit`, `set_bound_fields` and `arguments_of_action`, in this order; for a
    hook, `arguments_of_hook`. `close` ends the run.
    """

    def __init__(self, page: Component, event: Event | None = None) -> None:
        self.page = page
        self.event = event or _NO_EVENT
        self.given = NO_INPUT
        """The submitted fields."""
        self.previous: Any = None
        """The previous result of the action."""
        self.advice: Advice | None = None
        """In debug mode: advice on the submitted fields, for the browser's console."""
        self._provided: dict[Callable[..., Any], Provided] = {}
        self.stack: AsyncExitStack | None = None
        """The open dependencies; None if there are none."""
        self._files: AsyncExitStack | None = None
        """Files in object storage, which are removed if the action fails."""
        self._is_entered = False
        """Whether the context managers of `Live(around=)` are entered."""

    async def injected(self, plan: ParameterPlan, component: Owner) -> dict[str, Any]:
        """Return the values of parameters that are filled by annotation.

        Raise `FieldErrors` if the request lacks one.
        """
        values = {one.name: await self._value(one, component) for one in plan.injected if one.source is None}
        return values | self._from_request(plan) if plan.sources else values

    async def arguments_of_hook(self, plan: ParameterPlan, component: Owner) -> dict[str, Any]:
        """Return all arguments of a hook or a dependency, by annotation or from the address."""
        arguments = await self.injected(plan, component)
        if plan.named:
            arguments.update(self._from_address(plan))
        return arguments

    async def admit(self, ref: ActionRef[..., Any]) -> None:
        """Run the guards of an action, and count the call. Raise `TooManyCalls` if it exceeds the rate
        limit.
        """
        await self.run_guards(ref.action.guards)
        if ref.action.rate is not None:
            await self._count(ref, ref.action.rate)

    async def arguments_of_action(self, ref: ActionRef[..., Any], given: Input) -> dict[str, Any]:
        """Return the arguments of an action that is admitted. Raise `FieldErrors` for invalid input."""
        action = ref.action
        values, errors = await self.validated(ref, given)
        if errors:
            if self.page.live.services.debug and not isinstance(given, Arguments):
                self.advice = advise_about_names(self.page, ref, given, errors)
            raise FieldErrors(errors)
        if action.plan.injected:
            self.previous = ref.own.result
            values.update(await self.injected(action.plan, ref.component))
        for name in action.plan.direct:
            if values.get(name):
                values[name] = await self._move_to_key(values[name])
        return values

    async def _move_to_key(self, uploads: Any) -> Any:
        """Move the file or files of a parameter to their keys in object storage, and return them. They are
        removed if the run fails before `keep_files`.
        """
        if isinstance(uploads, list):
            return [await self._move_to_key(upload) for upload in uploads]
        services = self.page.live.services
        if self._files is None:
            self._files = await self._exit_stack().enter_async_context(AsyncExitStack())
        try:
            return await self._files.enter_async_context(services.move_to_key(uploads))
        except StoreError as error:
            log.error("a file couldn't be moved in object storage: %s", error)
            raise ActionError(text("storage_failed", services.messages), status=503) from error

    async def keep_files(self) -> None:
        """Keep the files in object storage, even if the run fails later: the action may have stored
        their keys.
        """
        if self._files is not None:
            await self._files.aclose()

    async def set_field(self, ref: ActionRef[..., Any], given: Input) -> str:
        """Set a field to its submitted value. Return the error that its control shows; "" on success."""
        here, item = current_reference(self.page, ref), item_of(ref)
        if item is not None:
            here = here.component._live_record.reference(here.action)
        assert isinstance(here, BoundField)
        own = here.submitted(given) if item is None else here.with_item(item, given)
        values, errors = await self.validated(here, own)
        if not errors:
            await here(**values)
        here.note(own, errors)
        return here.error

    async def set_bound_fields(self, given: Input) -> None:
        """Set the fields to which the controls of a form are bound. Raise `FieldErrors` for invalid
        values.
        """
        wrong: dict[str, str] = {}
        for token in given.bound:
            ref = lookup(self.page, token)
            if not isinstance(ref, BoundField):
                raise ForgedReference("this reference isn't one of a field")
            error = await self.set_field(ref, given) if ref.is_in(given) else ""
            if error:
                wrong[ref.name] = error
        if wrong:
            raise FieldErrors(wrong)

    async def run_guards(self, guards: Iterable[Depends]) -> None:
        """Run guards, which raise or return control flow for a visitor whom they reject. Raise `TypeError` if
        one returns False instead, so that it doesn't accept everybody.
        """
        for guard in guards:
            value = await self.provide(guard, self.page)
            if value is False:
                name = getattr(guard.dependency, "__qualname__", repr(guard.dependency))
                raise TypeError(f"the guard {name} has returned False: raise forbidden() instead")
            raise_response(value)

    async def _count(self, ref: ActionRef[..., Any], rate: Rate) -> None:
        """Count a call. Raise `TooManyCalls` if it exceeds the rate."""
        action, services = ref.action, self.page.live.services
        (by,) = action.by
        who = await self.provide(by, ref.component)
        called = f"{action.__module__}.{action.__qualname__}"
        wait = await services.take(rate.key(called, str(who)), rate.interval, rate.calls)
        if wait:
            seconds = whole_seconds(wait)
            raise TooManyCalls(text("too_many_calls", services.messages, seconds=seconds), seconds)

    async def validated(
        self, ref: ActionRef[..., Any], given: Input
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the values of parameters that are filled by name, and the error messages of fields.

        Raise `ForgedReference` if an argument is missing that only a template can bind.
        """
        action = ref.action
        try:
            ref.check()
        except TypeError as error:
            raise ForgedReference(str(error)) from None
        bound = named(action.plan, ref.args) if ref.args else {}
        services = self.page.live.services
        if action.max_body is not None and given.size > action.max_body:
            raise ActionError(text("form_too_long", services.messages), status=413)
        raw = not action.validates
        values, errors = action.plan.fill(bound, given, services.messages, raw=raw, upload=services.upload)
        for validator in action.validators:
            await self._validate(validator, ref, values, errors)
        return values, errors

    async def _validate(
        self,
        validator: Callable[..., Any],
        ref: ActionRef[..., Any],
        values: dict[str, Any],
        errors: dict[str, str],
    ) -> None:
        """Run a validator, if all of its parameters are valid. Add its messages to `errors`."""
        plan = ref.action.plan_of(validator)
        if any(one.required and one.name not in values for one in plan.named):
            return
        arguments = {one.name: values[one.name] for one in plan.named if one.name in values}
        arguments.update(await self.injected(plan, ref.component))
        args = (ref.component,) if ref.action.is_method else ()
        only = plan.named[0].name if len(plan.named) == 1 else ""
        services = self.page.live.services
        try:
            found = await invoke(services.timeout, validator, args, arguments) or {}
        except ActionError as raised:
            public = visitor_error(raised, services.messages) or raised
            found = {**public.errors, **({"": public.message} if public.message else {})}
        except ValidationError:  # a `ValueError`, but of the application's own data: the arguments are valid
            raise
        except ValueError as error:
            found = {only: str(error)}
        for path, objection in found.items():
            errors.setdefault(path, objection)

    async def _value(self, one: Parameter, component: Owner) -> Any:
        match one.kind:
            case "depends":
                assert one.depends is not None
                return await self.provide(one.depends, component)
            case "request":
                return self.page.request
            case "form":
                return self.given.form
            case "event":
                return self.event
            case "previous":
                return self.previous
            case _:
                return _component(one, component, self.page)

    async def provide(self, depends: Depends, component: Owner) -> Any:
        """Return the value of a dependency. It is the same for the whole run, unless the run revalidates what
        the dependency has read. Everything that uses it also depends on the tags that it has read.
        """
        function = self.page.live.services.overridden(depends.dependency)
        known = self._provided.get(function)
        if known is None or not depends.use_cache or self._is_outdated(known):
            with Reading("dependency") as reading:
                arguments = await self.arguments_of_hook(plan_of(function), component)
                value = await self._open(function, arguments)
            known = self._provided[function] = Provided(value, reading.tags, reading.components)
        note(known.tags, known.components)
        return known.value

    def _is_outdated(self, known: Provided) -> bool:
        effects = self.page.live.effects
        return bool(known.tags) and effects is not None and not known.tags.isdisjoint(effects.tags)

    def _from_request(self, plan: ParameterPlan) -> dict[str, Any]:
        """Return the parameters that FastAPI's markers read from the request."""
        values, errors = plan.read(self.page.request, self._query, self.page.live.services.messages)
        if errors:
            raise FieldErrors(errors)
        return values

    @property
    def _query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.page.live.address).query, keep_blank_values=True)

    def _from_address(self, plan: ParameterPlan) -> dict[str, Any]:
        """Return the parameters that are filled by name from the page's path and query."""
        page = self.page
        request = page.live.request
        path = list(request.path_params.items()) if request is not None else []
        values, errors = plan.fill({}, Input([*self._query, *path]), page.live.services.messages)
        if errors:
            raise FieldErrors(errors)
        return values

    async def _open(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        called = (
            function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
        )
        if inspect.isasyncgenfunction(called):
            return await self._enter_generator(asynccontextmanager(function)(**arguments))
        if inspect.isgeneratorfunction(called):
            return await self._enter_generator(_in_thread(contextmanager(function)(**arguments)))
        if inspect.isclass(function):
            return function(**arguments)
        if inspect.iscoroutinefunction(called):
            return await function(**arguments)
        value = await run_in_threadpool(function, **arguments)
        return await value if inspect.isawaitable(value) else value

    async def _enter_generator(self, manager: AbstractAsyncContextManager[Any]) -> Any:
        if self.page.live.effects is not None:
            self.page.live.effects.has_generators = True
        return await self._exit_stack().enter_async_context(manager)

    async def enter(self) -> None:
        """Enter the context managers of `Live(around=)`, once."""
        if not self._is_entered:
            self._is_entered = True
            if self.page.live.services.around:
                await self._exit_stack().enter_async_context(around(self.page))

    def _exit_stack(self) -> AsyncExitStack:
        if self.stack is None:
            self.stack = AsyncExitStack()
        return self.stack

    async def close(self, error: BaseException | None = None) -> None:
        """Close the dependencies, newest first, with `error` if there is one. Raise what they raise."""
        stack, self.stack, self._files = self.stack, None, None
        self._is_entered = False
        self._provided.clear()
        if stack is None:
            return
        try:
            await stack.__aexit__(
                type(error) if error else None, error, error.__traceback__ if error else None
            )
        except BaseException as raised:
            if raised is not error:
                raise


def _component(one: Parameter, component: Owner, page: Owner) -> Any:
    """Return the component whose function is called, or the page, depending on a parameter's annotation."""
    if isinstance(component, one.classes):
        return component
    if isinstance(page, one.classes):
        return page
    wanted = " or ".join(cls.__qualname__ for cls in one.classes)
    raise TypeError(f"parameter {one.name!r}: this page isn't a {wanted}")


@asynccontextmanager
async def _in_thread(manager: AbstractContextManager[Any]) -> AsyncIterator[Any]:
    """Enter and leave a sync context manager in threads."""
    value = await run_in_threadpool(manager.__enter__)
    try:
        yield value
    except BaseException as error:
        if not await run_in_threadpool(manager.__exit__, type(error), error, error.__traceback__):
            raise
    else:
        await run_in_threadpool(manager.__exit__, None, None, None)


async def evaluate_presence(page: Page, injection: Injection) -> None:
    """Evaluate the page's declarations of presence, after `load`."""
    live, found = page.live, []
    for component in components_of(page):
        record = component._live_record
        for declared in record.description.presences:
            me = declared.field.me
            if isinstance(me, str):
                value = getattr(component, me)
            else:
                with Reading("dependency") as reading:
                    value = await injection.provide(me, component)
                live.has_read(record, live.reads.get(record, frozenset()) | reading.tags)
            if value is not None:
                found.append(declared.attending(record.path, component, value))
    live.attending = tuple(found)
