"""Receives uploaded files ahead of the operation that uses them. The operation names them by handles.

The browser first asks how to send the chosen files. The response has a plan for each: ``form``, to send it in
one request, like a form; ``chunks``, to send it in several requests, so that a lost connection only costs the
last chunk; ``direct``, to send it to object storage; or an error. Files are sent to the address of the page,
whose guards run each time. They are checked again when they have arrived.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeGuard

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..actions.action import Action
from ..actions.files import file as FileLimits
from ..actions.files import in_words
from ..actions.form_input import is_no_file
from ..actions.messages import text
from ..actions.parameters import Parameter
from ..exceptions import LiveError, SealError, StoreError
from ..execution.opening import OpenedPage, Source, Until, open_page
from ..logs import get_logger
from ..observation import note_action
from ..pages.lookup import declared_action
from ..protocol.constants import FIELD_ACTION, HEADER_CHUNK, HEADER_UPLOAD
from ..store.uploads import CHUNK_BYTES, FileTooLarge, TooManyUploads
from .bodies import Incoming, close_files, read_form, read_json
from .page import PageRequestHandler
from .responses import json_response, outcome_response

log = get_logger(__name__)
CHANGED = "This page has changed. Please reload it."
UNKNOWN_TYPE = "application/octet-stream"
NAME_LENGTH = 255
"""Characters of a file's name that are kept: as many as file systems allow."""


class UploadHandler(PageRequestHandler):
    """Handles uploads for the action in the address."""

    async def respond(self) -> Response:
        is_chunk = HEADER_CHUNK in self.request.headers
        token = self.query.get(FIELD_ACTION, "")
        action = None if is_chunk else declared_action(self.page, token)
        is_of_function = not is_chunk and action is None and self.page._live_defines_actions
        until = Until.LOAD if is_of_function else Until.GUARD  # a page function defines its actions in `load`
        opened: OpenedPage[None] = await open_page(self.page, Source.ADDRESS, until)
        if not opened.outcome.ok:
            return outcome_response(opened.outcome)
        try:
            if is_chunk:
                return await self._receive_chunk()
            if action is None:
                with suppress(LiveError):
                    action = self.find(token).action
            if action is None or not action.plan.files:
                raise HTTPException(409, CHANGED)
            note_action(action.__qualname__)
            is_form = self.request.headers.get("content-type", "").startswith("multipart/")
            return await (self._receive_form(action) if is_form else self._prepare(action))
        except SealError:
            raise HTTPException(409, CHANGED) from None
        except TooManyUploads:
            log.warning("an upload was refused: stored files have reached Limits(uploads=)")
            raise HTTPException(503, text("uploads_full", self.site.services.messages)) from None
        except StoreError as error:
            log.error("an uploaded file couldn't be stored: %s", error)
            raise HTTPException(503, text("storage_failed", self.site.services.messages)) from None

    # Before a file is sent, and between its chunks

    async def _prepare(self, action: Action[..., object]) -> Response:
        """Return plans for files, or the chunks that have arrived; or remove a file."""
        match await read_json(self.request, self.site.limits):
            case {"plan": list(files)}:
                return json_response({"files": await self._plans(action, files)})
            case {"resume": str(sealed)}:
                handle = self.site.uploads.open_handle(sealed, self.context)
                if not handle.chunk:
                    raise HTTPException(400, "This file doesn't arrive in chunks")
                return json_response({"chunks": await self.site.uploads.count_chunks(handle)})
            case {"cancel": str(sealed)}:
                await self.site.uploads.delete(self.site.uploads.open_handle(sealed, self.context).names)
                return json_response({})
        raise HTTPException(400, 'Expected {"plan": …}, {"resume": …} or {"cancel": …}')

    async def _plans(self, action: Action[..., object], files: list[Any]) -> list[dict[str, Any]]:
        if len(files) > self.site.limits.files:
            raise HTTPException(413, f"At most {self.site.limits.files} files are accepted")
        if not all(map(_is_file, files)):
            raise HTTPException(400, "Expected field, name, type and size of each file")
        plans = [await self._plan(action.plan.files.get(field), *rest) for field, *rest in files]
        accepted = [file[3] for file, plan in zip(files, plans, strict=True) if "error" not in plan]
        await self.site.uploads.require_room(accepted)
        return plans

    async def _plan(self, wanted: Parameter | None, name: str, type: str, size: int) -> dict[str, Any]:
        """Return the plan for sending a file, or an error."""
        error = self._objection(wanted, name, type, size)
        if wanted is None or error:
            return {"error": error}
        common = {"auto": True} if wanted.files.auto else {}
        token, type = self.request.headers[HEADER_UPLOAD], type or UNKNOWN_TYPE
        name = name[-NAME_LENGTH:]
        if wanted.is_direct:
            handle, url = await self.site.uploads.begin_direct(name, size, type, self.context, token)
            if url:
                headers = {"content-type": type}
                return {"by": "direct", "handle": handle, "url": url, "headers": headers, **common}
        if size <= CHUNK_BYTES:
            return {"by": "form", **common}
        handle = self.site.uploads.begin_chunks(name, size, type, self.context, token)
        return {"by": "chunks", "handle": handle, "size": CHUNK_BYTES, **common}

    def _objection(self, wanted: Parameter | None, name: str, type: str, size: int) -> str:
        """Return the error for a file that the action or the storage wouldn't accept, or ""."""
        texts, uploads = self.site.services.messages, self.site.uploads
        if wanted is None:
            return "No file is expected here"
        limits: FileLimits = wanted.files
        if objection := limits.objection_to(name, size, type, texts, self.site.limits.upload):
            return objection
        try:
            uploads.check_size(size)
        except FileTooLarge:
            return text("file_too_large", texts, max_size=in_words(uploads.storage.largest or 0))
        return ""

    # The files

    async def _receive_chunk(self) -> Response:
        number, _, sealed = self.request.headers[HEADER_CHUNK].partition(" ")
        handle = self.site.uploads.open_handle(sealed, self.context)
        try:
            index = int(number)
        except ValueError:
            raise HTTPException(400, "Expected the number of a chunk") from None
        content = await Incoming(self.request, handle.size_of(index)).read()
        try:
            await self.site.uploads.store_chunk(handle, index, content)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return json_response({})

    async def _receive_form(self, action: Action[..., object]) -> Response:
        """Store whole files, and return their names and handles."""
        pairs = await read_form(self.request, self.site.limits, action)
        files = [
            (name, file) for name, file in pairs if isinstance(file, UploadFile) and not is_no_file(file)
        ]
        try:
            return self._refusal(action, files) or json_response({"files": await self._store(files)})
        finally:
            await close_files(pairs)

    async def _store(self, files: list[tuple[str, UploadFile]]) -> list[tuple[str, str]]:
        names, uploads = [name for name, _ in files], [upload for _, upload in files]
        token = self.request.headers[HEADER_UPLOAD]
        return list(zip(names, await self.site.uploads.store(uploads, self.context, token), strict=True))

    def _refusal(self, action: Action[..., object], files: list[tuple[str, UploadFile]]) -> Response | None:
        """Return the response with errors if the action doesn't accept these files; otherwise None."""
        errors: dict[str, str] = {}
        status = 422
        for field, file in files:
            wanted = action.plan.files.get(field)
            name, type = file.filename or "", file.content_type or ""
            objection = self._objection(wanted, name, type, file.size or 0)
            if objection:
                errors.setdefault(field, objection)
                if wanted is not None:
                    status = 413 if wanted.files.accepts(name, type) else 415
        if not errors:
            return None
        return json_response({"error": "", "errors": errors, "status": status}, status)


def _is_file(file: Any) -> TypeGuard[tuple[str, str, str, int]]:
    """Return whether this is a list of field, name, media type and size."""
    match file:
        case [str(), str(), str(), int(size)]:
            return size >= 0 and type(size) is int  # a bool isn't a size
    return False
