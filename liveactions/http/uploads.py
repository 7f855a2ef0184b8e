"""Uploads: files that a page sends before the operation that uses them. It gets a handle for each."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..actions.action import Action
from ..actions.files import file as FileLimits
from ..actions.files import in_words
from ..actions.form_input import is_no_file
from ..actions.messages import text
from ..exceptions import ForgedReference, StoreError, UnknownAction
from ..execution.opening import OpenedPage, Source, Until, open_page
from ..logs import get_logger
from ..observation import note_action
from ..pages.lookup import log_refused, lookup, named
from ..protocol.constants import FIELD_ACTION, HEADER_UPLOAD
from ..store.uploads import FileTooLarge, TooManyUploads
from .bodies import read_form
from .page import PageRequestHandler
from .responses import json_answer, outcome_answer

log = get_logger(__name__)


class UploadHandler(PageRequestHandler):
    """Handles an upload of a form's files, for the action in the address."""

    async def respond(self) -> Response:
        token = self.query.get(FIELD_ACTION, "")
        action = named(self.page, token)
        is_of_function = action is None and self.page._live_defines_actions
        until = Until.LOAD if is_of_function else Until.GUARD  # only its run defines the action
        opened: OpenedPage[None] = await open_page(self.page, Source.ADDRESS, until)
        if not opened.outcome.ok:
            return outcome_answer(opened.outcome)
        action = action or self._closure(token)
        if action is None or not action.plan.files:
            raise HTTPException(409, "This page has changed. Please reload it.")
        note_action(action.__qualname__)
        pairs = await read_form(self.request, self.site.limits, action)
        files = [
            (name, file) for name, file in pairs if isinstance(file, UploadFile) and not is_no_file(file)
        ]
        try:
            return self._refusal(action, files) or json_answer({"files": await self._keep(files)})
        except TooManyUploads:
            log.warning("an upload was refused: too many bytes of files wait for their operation already")
            raise HTTPException(503, text("uploads_full", self.site.services.messages)) from None
        except StoreError as error:
            log.error("an uploaded file couldn't be stored: %s", error)
            raise HTTPException(503, text("storage_failed", self.site.services.messages)) from None
        finally:
            for _, file in files:
                await file.close()

    def _closure(self, token: str) -> Action[..., object] | None:
        """Return the action that a run of the page function has defined."""
        try:
            return lookup(self.page, token).action
        except (UnknownAction, ForgedReference) as error:
            log_refused(self.page, token, error)
            return None

    async def _keep(self, files: list[tuple[str, UploadFile]]) -> list[tuple[str, str]]:
        names, uploads = [name for name, _ in files], [upload for _, upload in files]
        token = self.request.headers[HEADER_UPLOAD]
        return list(zip(names, await self.site.uploads.keep(uploads, self.identity, token), strict=True))

    def _refusal(self, action: Action[..., object], files: list[tuple[str, UploadFile]]) -> Response | None:
        """Return why the action wouldn't accept these files."""
        errors: dict[str, str] = {}
        status = 422
        for name, file in files:
            wanted = action.plan.files.get(name)
            if wanted is None:
                errors[name] = "No file is expected here"
                continue
            objection = self._objection(wanted.files, file)
            if objection:
                errors.setdefault(name, objection)
                accepted = wanted.files.accepts(file.filename or "", file.content_type or "")
                status = 413 if accepted else 415
        if not errors:
            return None
        return json_answer({"error": "", "errors": errors, "status": status}, status)

    def _objection(self, limits: FileLimits, file: UploadFile) -> str:
        """Return the error for a file that the action or the storage wouldn't accept."""
        texts, uploads = self.site.services.messages, self.site.uploads
        objection = limits.objection(file, texts, self.site.limits.upload)
        if objection:
            return objection
        try:
            uploads.check_size(file.size or 0)
        except FileTooLarge:
            return text("file_too_large", texts, max_size=in_words(uploads.storage.largest or 0))
        return ""
