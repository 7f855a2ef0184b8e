"""One run of a page: a transaction, in which a request, an operation or a message changes the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

from ..actions.action import ActionRef
from ..actions.form_input import NO_INPUT, Arguments, Input
from ..actions.form_state import FormState
from ..actions.markers import Event
from ..actions.request import PageRequest
from ..actions.responses import ActionResponse
from ..actions.run_context import Effects, OpId, current_effects
from ..cache.tags import publish
from ..exceptions import ActionTimeout
from ..logs import get_logger
from ..observation import current_operation, note_action
from ..pages.bound_fields import BoundField, item_of
from ..pages.component import Component, ComponentRecord, attach, components_of
from ..pages.lookup import current_reference
from ..pages.page import Page, in_url_values, update_address
from ..pages.state import check_state_size, encode_state
from ..pages.undo_log import Checkpoint
from ..store.long_states import StateJSON
from ..tasks import contained
from ..types import DONE, Failed, Outcome, RedirectTo
from .advice import advise_about_early_reads, advise_about_load
from .dependencies import Injection, evaluate_presence, raise_response
from .effects import delete_flash_cookie, flashes_from_cookie, flashes_to_cookie
from .loading import load_below, mark_changed, mark_revalidated, mark_stale, mount_one
from .results import (
    FATAL,
    CalledForms,
    control_flow_outcome,
    failure_for_handler,
    failure_for_visitor,
    has_handler,
    success,
    unexpected,
    visitor_error,
)
from .timeouts import invoke, is_cancellation, last_value, within

log = get_logger("liveactions")


class PageRun:
    """One run of a page, from guards to commit. It owns the checkpoint, the dependencies and the effects.

    =============  ============================================  ========================================
    step           method                                        what it does
    =============  ============================================  ========================================
    enter, guard   `guard`, and every step that comes first      enters ``around``; runs the guards, once
    read           `read_kept`                                   sets the fields that outlive their page
    mount          `mount`                                       runs the hooks of a new page
    prepare        `prepare`                                     loads fields that a snapshot doesn't hold
    call           `call`, `validate`, `run_timer`,              runs an action, a validator, a timer, a
                   `run_listener`, `run_callback`, `run_hook`,   listener, a callback, a hook; goes to
                   `navigate`                                    another address of the page
    load           `conclude`, `load`                            runs `load` where it is due
    dump           `conclude`                                    writes the page's state
    render         `conclude`                                    renders the page
    commit         `close`                                       closes dependencies
    effects        `close`                                       publishes, revalidates; passes messages on
    =============  ============================================  ========================================

    Steps return an outcome, and raise only `asyncio.CancelledError`. If a step fails, the dependencies roll
    back, the effects are dropped, and the fields are restored, unless the error is meant for the visitor. If
    a guard rejects the visitor, nothing of the page is called, loaded or rendered.

    A run is a context manager: leaving the block without `close` rolls back. A closed run can't be used
    again: to show a page after a failed commit, start another run, which begins with the guards. `event` is
    the DOM event that calls the action. `open_page` takes these steps when a page is opened,
    `session.dispatch` for the operations of an open page.
    """

    has_passed = False
    """Whether the guards have accepted, and the run is open."""
    refusal: Outcome | None = None
    """The outcome of a guard that has rejected the visitor: nothing of the page is shown."""
    url_change: bool | None = None
    """After `load`: whether the new address adds an entry to the history; None if it hasn't changed."""
    on_yield: Callable[[], Awaitable[bool]] | None = None
    """Called at each `yield` of a generator; returns whether to continue."""
    outcome: Outcome = DONE
    """In `conclude`: the outcome after which the page is rendered."""
    state: StateJSON | None = None
    """After `conclude`: the page's state as JSON; None if it can't be dumped, even after it was restored."""
    is_undone = False
    """Whether the page's fields have been restored to what they were when the run began."""
    is_abandoned = False
    """Whether a thread that has timed out still works on the page, which must not be used any more."""
    _has_paused = False
    _has_taken_flashes = False
    _has_noted_changes = False
    _has_changed = False
    """Whether a field of the page or of a component had changed when changes were noted."""
    _in_url: Sequence[Any] = ()
    """The values of fields in the page's address, before a call."""
    _injection: Injection | None = None
    _called: CalledForms | None = None
    """The forms of a call that was successful."""
    _due: Sequence[ComponentRecord] = ()
    """The components whose `load` has run, or was about to."""

    def __init__(self, page: Page, event: Event | None = None, op: OpId | None = None) -> None:
        live, description = page.live, page._live_record.description
        services = live.services
        self.page = page
        self.effects = live.effects = Effects(live, op)
        self.event = event
        self.has_passed = not (services.guards or services.around or page._live_guards)
        self._may_load = description.may_load
        self._checkpoint = Checkpoint(page)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Roll back, unless the run is closed."""
        if not self.effects.is_closed:
            self.undo()
            self.effects.drop()
            await self._roll_back(error or RuntimeError("a run was left without being closed"))
            self.effects.is_closed, self.has_passed = True, False

    @property
    def injection(self) -> Injection:
        """The dependencies; created when one is first needed."""
        if self._injection is None:
            self._injection = Injection(self.page, self.event)
        return self._injection

    # Before the call

    async def guard(self) -> Outcome | None:
        """Run the guards of application, router and page, unless they have run. Return None if they accept,
        otherwise the outcome.
        """
        if self.has_passed:
            return None
        if self.refusal is None:
            self.refusal = await self._try("guard", self._guard)
            self.has_passed = self.refusal is None
        return self.refusal

    async def _guard(self) -> None:
        page, injection = self.page, self.injection
        await injection.enter()
        if page.live.skips_guards:
            return
        guards = (*page.live.services.guards, *page._live_guards)
        if not self._has_paused:
            await injection.run_guards(guards)
            return
        now = Injection(page, self.event)  # dependencies from before the pause are outdated
        try:
            await now.run_guards(guards)
        except BaseException as error:
            await now.close(error)
            raise
        await now.close()

    async def navigate(self, fill: Callable[[], Outcome], request: PageRequest | None = None) -> Outcome:
        """Set the fields from another address of the page with `fill`, and run the guards for a GET of that
        address. If this fails, the page doesn't change.

        `request` is that GET after the application's middleware; None if there is no middleware.
        """
        if request is not None:
            self._checkpoint.replace_request(request)
        outcome = fill()
        if outcome.ok:
            outcome = await self.guard() or outcome
        if not outcome.ok:
            self._checkpoint.restore()
        return outcome

    async def read_kept(self) -> Outcome | None:
        """Set the fields that outlive their page, if other tabs may have changed them."""
        kept = self.page.live.kept
        if kept is None or not kept.is_stale:
            return None

        async def read() -> None:
            if await kept.read(self.page):
                self._has_noted_changes = False

        return await self._try("reading fields that outlive the page", read)

    async def mount(self) -> Outcome | None:
        """Run the `mount` hooks of a new page and its components. Return None on success."""
        record = self.page._live_record
        if not record.description.may_mount:
            record.mounted = True
            return await self.guard()
        return await self._guarded("mount", self._mount)

    async def _mount(self) -> None:
        for component in components_of(self.page):
            await mount_one(component, self.page, self._call_hook)

    def take_flashes(self) -> None:
        """Show the flashes in the request's cookie, which is deleted when the run commits."""
        self._has_taken_flashes = flashes_from_cookie(self.page.live)

    async def prepare(self) -> Outcome | None:
        """Load a restored page if that is needed to call an action: to fill its `loaded` fields, or, if it is
        a page function, to define its actions. Return None on success.
        """
        if (refused := await self.guard()) is not None:
            return refused
        is_run = self.page._live_defines_actions
        records = [one._live_record for one in components_of(self.page)]
        if any(record.stale and (is_run or record.description.has_loaded) for record in records):
            return await self.load()
        return None

    # The call

    async def call(self, ref: ActionRef[..., Any], given: Input = NO_INPUT) -> Outcome:
        """Run an action: guards, bound fields, parameters, the function. Its forms show the outcome."""
        page, action = self.page, ref.action
        must_enter = not self.has_passed or page.live.kept is not None
        if must_enter and (refused := await self.guard() or await self.read_kept()) is not None:
            return refused
        if given is not NO_INPUT or self._injection is not None:
            self.injection.given = given
        if isinstance(ref, BoundField) or item_of(ref) is not None:
            field = ref
            return await self._run_function(action, lambda: self.injection.set_field(field, given))
        self._in_url = in_url_values(page) if page._live_record.description.has_address else ()
        page.live.flashes = page.live.restored_flashes = ()
        token = current_effects.set(self.effects)
        forms: CalledForms | None = None
        try:
            if ref.component is not page:
                ref = current_reference(page, ref)
            forms = CalledForms(page, ref, given)
            is_plain = action.takes_nothing and given is NO_INPUT and not ref.args
            if not is_plain:
                await self.injection.admit(ref)
            if given.bound:
                await self.injection.set_bound_fields(given)
            arguments = {} if is_plain else await self.injection.arguments_of_action(ref, given)
            if page._live_defines_actions:  # the action may change any data that the function has read
                page._live_record.stale = True
            args = (ref.component,) if action.is_method else ()
            seconds = page.live.services.timeout if action.timeout is None else action.timeout
            if action.streams:
                result = await last_value(seconds, action.function(*args, **arguments), self._on_value(ref))
            elif action.is_async:
                result = await within(seconds, action.function(*args, **arguments))
            else:
                result = await invoke(seconds, action.function, args, arguments)
            if action.plan.direct:
                await self.injection.keep_files()
            if isinstance(result, ActionResponse):
                raise result
            outcome, shown = success(action, result)
        except FATAL:
            raise
        except BaseException as error:
            ended = await self._caught(error, action.__qualname__)
            if action.plan.direct:  # the error may be a redirect, which is a success
                await self.injection.keep_files()
            self.note_changes()
            if forms is not None:
                forms.note_end(ended)
            return ended
        finally:
            current_effects.reset(token)
        self._called = forms
        forms.note_success(shown, arguments)
        if self._may_load:
            self.note_changes()
            if page.live.services.debug:
                advise_about_load(page, action.__qualname__, self.effects, self._has_changed)
        return outcome

    def _on_value(self, ref: ActionRef[..., Any]) -> Callable[[Any], Awaitable[bool]]:
        """Return a function that notes the values of a generator; the last one is its result."""
        forms, results = self.page.live.forms, ref.action.results

        async def note(value: Any) -> bool:
            forms.put(ref.key, FormState(result=results.same(value, results.dump(value))))
            return self.on_yield is None or await self.on_yield()

        return note

    async def validate(self, ref: ActionRef[..., Any], given: Input, touched: Sequence[str]) -> Outcome:
        """Validate input by the action's parameters and validators; touched fields show their errors."""
        self.injection.given = given

        async def check() -> None:
            here = current_reference(self.page, ref)
            await self.injection.run_guards(here.action.guards)
            _, errors = await self.injection.validated(here, given)
            self.page.live.forms.note_touched(ref.key, ref.own, errors, touched)

        return await self._guarded(ref.action.__qualname__, check) or DONE

    async def run_hook(self, name: str) -> Outcome | None:
        """Run the hooks ``connected``, ``disconnected`` or ``closed`` of the page and its components.

        The latter two run without guards, because they release what ``connected`` has acquired, and show
        nothing.
        """
        run = self._guarded if name == "connected" else self._try
        return await run(name, lambda: self._run_hooks(name))

    async def _run_hooks(self, name: str) -> None:
        await self.injection.enter()
        for component in components_of(self.page):
            hook = component._live_record.description.hooks.get(name)
            if hook is not None:
                await self._call_hook(hook, component)

    async def run_timer(self, function: Callable[..., Any], component: Component | None = None) -> Outcome:
        """Run a timer's function on its component, by default the page."""
        target = self.page if component is None else component
        return await self._run_function(function, lambda: self._call_hook(function, target))

    async def run_callback(self, call: Callable[[], Any]) -> Outcome:
        """Run a function of background code on the page."""
        return await self._run_function(call, lambda: self._invoke(call))

    async def run_listener(
        self, function: Callable[..., Any], component: Component, data: dict[str, Any]
    ) -> Outcome:
        """Run a listener's function with published data."""

        async def work() -> None:
            plan = component._live_record.description.plan(function)
            values, errors = plan.fill({}, Arguments(data), self.page.live.services.messages)
            if errors:
                raise TypeError(
                    f"{function.__qualname__}: the published message doesn't match its parameters: {errors}"
                )
            values.update(await self.injection.injected(plan, component))
            await self._invoke(function, component, **values)

        return await self._run_function(function, work)

    async def _run_function(
        self, function: Callable[..., Any], call: Callable[[], Awaitable[object]]
    ) -> Outcome:
        """Run the guards and then `call`, which calls `function`; note what it changes."""

        async def call_and_note() -> None:
            await call()
            self.note_changes()

        self._in_url = in_url_values(self.page)
        what = getattr(function, "__qualname__", "background code")
        note_action(what)
        return await self._guarded(what, call_and_note) or DONE

    async def _call_hook(self, function: Callable[..., Any], component: Component) -> None:
        plan = component._live_record.description.plan(function)
        arguments = await self.injection.arguments_of_hook(plan, component) if plan.parameters else {}
        if plan.is_async:
            seconds = self.page.live.services.timeout
            raise_response(await within(seconds, function(component, **arguments)))
        else:
            await self._invoke(function, component, **arguments)

    async def _invoke(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        raise_response(await invoke(self.page.live.services.timeout, function, args, kwargs))

    # After the call

    async def load(self, outcome: Outcome = DONE) -> Outcome | None:
        """Run `load` of every component for which it is due. Return an outcome if one fails or redirects.

        After a redirect, nothing is loaded: what the page shows may no longer exist. `load` stays due, in
        case the redirect fails.
        """
        if isinstance(outcome, RedirectTo):
            self.note_changes()
            mark_revalidated(self.page, self.effects)
            return None
        problem = None
        if not self.has_passed or self.page.live.kept is not None:
            if (refused := await self.guard()) is not None:
                self.note_changes()
                return refused
            problem = await self.read_kept()
        if problem is None and (self._may_load or self.page.live.services.around):
            problem = await self._try("load", self._load)
            if self.page.live.declares_presence and problem is None:
                problem = await self._try("presence", lambda: evaluate_presence(self.page, self.injection))
        if self._in_url and not self.is_undone:
            problem = await self._try("the page's address", self._update_address) or problem
        return problem

    async def _load(self) -> None:
        page = self.page
        if page.live.services.around:
            await self.injection.enter()
        if not self._may_load:
            return
        if page._live_record.description.children:
            attach(page, page.live)
        self.note_changes()
        effects = self.effects
        if effects.revalidates or effects.refreshes:
            mark_revalidated(page, effects)
        if page.live.is_request_changed:
            mark_stale(page, None)
        self._due = [record for one in components_of(page) if (record := one._live_record).stale]
        await load_below(page, page, self._checkpoint.undo_logs, self._call_hook)

    async def _update_address(self) -> None:
        self.url_change = update_address(self.page, self._in_url)

    def note_changes(self) -> None:
        """Note, once, where `load` is due because fields have changed."""
        if self._has_noted_changes or not self._may_load:
            return
        self._has_noted_changes = True
        self._has_changed = mark_changed(self.page, self._checkpoint.undo_logs)

    async def conclude(self, outcome: Outcome, draw: Callable[[], object] | None = None) -> Outcome:
        """Load the page, dump its `state`, and render it with `draw`. Return `outcome`; or, if one of these
        steps fails or redirects, the outcome of that step.

        The page isn't rendered if loading has failed, or the outcome is a redirect.
        """
        self.outcome, operation, live = outcome, current_operation.get(), self.page.live
        must_read = live.kept is not None and live.kept.is_stale
        is_due = must_read or self._may_load or self._in_url or not self.has_passed or live.services.around
        problem = await self.load(outcome) if is_due else None
        is_shown = problem is None and not isinstance(outcome, RedirectTo)
        step = "storing the state"
        try:
            self._dump()
            if draw is not None and is_shown:
                step = "rendering"
                if operation is not None:
                    operation.lap("loaded")
                draw()
                if operation is not None:
                    operation.lap("rendered")
        except FATAL:
            raise
        except BaseException as error:
            problem = await self._caught(error, step, is_work=False)
            self.dump()
        return problem or outcome

    def dump(self) -> None:
        """Dump the page's `state` again, if possible, after its fields were restored."""
        self.state = None
        with contained("%s: dumping its state after it was restored", type(self.page).__qualname__):
            self._dump()

    def _dump(self) -> None:
        state = encode_state(self.page)
        check_state_size(self.page, state)
        if self.page.live.kept is not None:
            self.page.live.kept.dump(self.page)
        self.state = state

    async def close(self, outcome: Outcome) -> Outcome:
        """Close the dependencies, and send the effects. Return the outcome.

        If closing fails, the fields are restored, and the failure is the outcome: load and render the page
        again, in another run.
        """
        effects = self.effects
        live, loaded = self.page.live, (effects.tags, effects.paths)
        failed = None
        if self._injection is not None and self._injection.stack is not None:
            failed = await self._try("a dependency", self._injection.close)
        if failed is not None and self.state is not None:
            self.dump()
        is_shown = failed is None and loaded == (effects.tags, effects.paths) and not effects.early_reads
        if effects.early_reads:
            advise_about_early_reads(self.page, effects)
        if live.kept is not None and not (self.is_undone or self.is_abandoned):
            failed = await self._try("storing fields that outlive the page", self._store_kept) or failed
        effects.is_closed, self.has_passed, live.restored_flashes = True, False, ()
        if self._has_taken_flashes and failed is None and outcome.ok:
            delete_flash_cookie(live)
        if effects.after and isinstance(live.request, PageRequest):
            live.request.due += [(effects, call) for call in effects.after]
        if live.flashes and isinstance(outcome, RedirectTo):
            flashes_to_cookie(live)
        if effects.tags or effects.paths or effects.messages:
            await publish(effects, is_shown)
        if (operation := current_operation.get()) is not None:
            operation.lap("loaded")
        return failed or outcome

    async def _store_kept(self) -> None:
        assert self.page.live.kept is not None
        self.effects.tags |= await self.page.live.kept.store(self.page)

    # Failures

    async def _guarded(self, what: str, function: Callable[[], Awaitable[None]]) -> Outcome | None:
        return await self.guard() or await self._try(what, function)

    async def _try(self, what: str, function: Callable[[], Awaitable[None]]) -> Outcome | None:
        if self.effects.is_closed:
            raise RuntimeError(f"{what}: the run has closed; start another PageRun")
        token = current_effects.set(self.effects)
        try:
            await function()
        except FATAL:
            raise
        except BaseException as error:
            return await self._caught(error, what)
        finally:
            current_effects.reset(token)
        return None

    async def _caught(self, error: BaseException, what: str, *, is_work: bool = True) -> Outcome:
        """Return the outcome of an exception. Control flow is a success. For any other exception, roll the
        dependencies back, drop the effects, and, unless it is meant for the visitor, restore the fields.

        `is_work`: whether the action or the hook has raised it. Of exceptions in later steps, only redirects
        are meant for the visitor. Exceptions for which the application has a handler never are.
        """
        live = self.page.live
        is_handled = has_handler(error, live.request)
        try:
            outcome = None if is_handled else control_flow_outcome(error, live)
        except ValueError as wrong:  # of an invalid redirect
            outcome, error = None, wrong
        if outcome is not None and (is_work or isinstance(outcome, RedirectTo)):
            return outcome
        public = visitor_error(error, live.services.messages) if is_work and not is_handled else None
        if public is None:
            self.undo()
        self.effects.drop()
        await self._roll_back(error)
        if is_cancellation(error):
            raise error
        self.is_abandoned |= isinstance(error, ActionTimeout) and error.abandoned
        if is_handled:
            failed = failure_for_handler(error, live)
        elif public is not None:
            failed = failure_for_visitor(error, public)
        else:
            failed = outcome if isinstance(outcome, Failed) else unexpected(error, live, what)
        self._forget_success(failed)
        return failed

    def undo(self) -> None:
        """Restore the fields and the address that the page had when the run began."""
        self._checkpoint.restore()
        self._mark_due_again()
        self.page.live.flashes = ()
        self.url_change, self.is_undone = None, True
        if self.page.live.kept is not None:
            self.page.live.kept.undo()

    async def _roll_back(self, error: BaseException) -> None:
        self._mark_due_again()
        try:
            if self._injection is not None:
                await self._injection.close(error)
        except BaseException as another:
            log.error("a dependency failed to close", exc_info=another)

    def _mark_due_again(self) -> None:
        """Note that `load` is due again: its data came from dependencies that have rolled back."""
        for record in self._due:
            record.stale = True

    def _forget_success(self, failed: Failed) -> None:
        """Let the form of a successful call show the error of a later step."""
        if self._called is not None:
            called, self._called = self._called, None
            called.restore()
            called.note_failure(failed)

    # Steps of generators

    def pause(self) -> None:
        """Note that the changes so far are shown: they can't be undone any more. The guards run again before
        later ones are shown.
        """
        self._has_noted_changes, self.has_passed, self._has_paused = False, False, True
        self._checkpoint = Checkpoint(self.page)

    def exclude(self, other: PageRun) -> None:
        """Keep what has changed since `other` began, even if this run is rolled back."""
        self._checkpoint.exclude(other._checkpoint)

    def undo_with(self, other: PageRun) -> None:
        """If this run fails, also undo what `other` has changed so far, because it can't be shown."""
        self._checkpoint = other._checkpoint
