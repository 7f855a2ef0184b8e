"""Limits for uploaded files: ``Annotated[UploadFile, file(max_size=2**20, types=["image/*"])]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from starlette.datastructures import UploadFile

from ..config import check_size, checked_texts
from ..type_hints import metadata, optional, unwrap
from ..types import DirectUpload, RefusedFile
from .messages import message


@dataclass(frozen=True)
class file:  # noqa: N801 - written like a function
    """Limits of an uploaded file, and when it is sent.

    `max_size` is in bytes; the default is the application's ``Limits.upload``. `types` is like HTML's
    ``accept``: media types, ``image/*``, or suffixes such as ``.pdf``; if empty, all are accepted. Only the
    type that the browser claims is checked: where it matters, examine the contents.

    With `auto`, a file that ``live-entries`` shows is sent as soon as it is chosen, otherwise with its form.
    """

    max_size: int | None = None
    types: Sequence[str] = field(default=(), hash=False)
    auto: bool = False

    def __post_init__(self) -> None:
        if self.max_size is not None:
            check_size("max_size", self.max_size)
        for one in checked_texts("types", self.types):
            if "/" not in one and not one.startswith("."):
                raise ValueError(f"types: no file can match {one!r}; write 'image/png', 'image/*' or '.png'")

    def accepts(self, name: str, type: str) -> bool:
        """Return whether a file with this name and media type is one of `types`."""
        type = type.partition(";")[0].strip().lower()
        return not self.types or any(_fits(one.lower(), name.lower(), type) for one in self.types)

    def objection(self, upload: UploadFile, texts: Mapping[str, str], most: int | None = None) -> str:
        """Return the error for a file that isn't accepted, or "".

        `most` applies if there is no `max_size`.
        """
        name, size, type = upload.filename or "", upload.size or 0, upload.content_type or ""
        refused = message({"type": "file_refused"}, texts) if isinstance(upload, RefusedFile) else ""
        return self.objection_to(name, size, type, texts, most) or refused

    def objection_to(
        self, name: str, size: int, type: str, texts: Mapping[str, str], most: int | None = None
    ) -> str:
        """Return the error for a file with this name, size and media type, as `objection` does."""
        max_size = most if self.max_size is None else self.max_size
        if not self.accepts(name, type):
            return message({"type": "file_type", "ctx": {"types": ", ".join(self.types)}}, texts)
        if max_size is not None and size > max_size:
            return message({"type": "file_too_large", "ctx": {"max_size": in_words(max_size)}}, texts)
        return ""


def file_limits(annotation: Any) -> file:
    """Return the limits in an annotation of `UploadFile`, or of a list of them."""
    inner, _ = optional(annotation)
    plain, _ = unwrap(inner)
    places = (annotation, inner, *(get_args(plain) if is_list(annotation) else ()))
    return next((mark for mark in (metadata(place, file) for place in places) if mark), file())


def is_list(annotation: Any) -> bool:
    """Return whether an annotation accepts several files."""
    return get_origin(unwrap(optional(annotation)[0])[0]) is list


def is_file(annotation: Any) -> bool:
    """Return whether an annotation is for a single file."""
    plain, _ = unwrap(annotation)
    return isinstance(plain, type) and issubclass(plain, UploadFile)


def is_direct(annotation: Any) -> bool:
    """Return whether an annotation accepts files that are sent to object storage."""
    plain, _ = unwrap(optional(annotation)[0])
    if get_origin(plain) is list:
        plain, _ = unwrap(get_args(plain)[0])
    return isinstance(plain, type) and issubclass(plain, DirectUpload)


def in_words(size: int) -> str:
    """Return a number of bytes for display: ``2 MB``."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"


def _fits(wanted: str, name: str, type: str) -> bool:
    if wanted.startswith("."):
        return name.endswith(wanted)
    return type.startswith(wanted[:-1]) if wanted.endswith("/*") else type == wanted
