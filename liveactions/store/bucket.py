"""Files in object storage that speaks S3, for machines that have no folder in common."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from starlette.datastructures import UploadFile

from ..exceptions import StoreError
from ..types import DirectUpload
from .upload_storage import FILE_TTL, NAME, ObjectStorage, StoredFile

try:
    import obstore
    from obstore.store import ObjectStore, S3Store

    from .presigned import signed_put
except ImportError as error:  # pragma: no cover
    raise ImportError("files in object storage need obstore: pip install 'liveactions[s3]'") from error

if TYPE_CHECKING:
    from obstore import Attributes

PATIENCE = timedelta(seconds=15)
"""How long a request that has failed is tried again, and how long nothing may come from a server."""
LONGEST: Final = timedelta(minutes=15)
"""How long the transfer of a file may take."""
LIFE: Final = timedelta(seconds=FILE_TTL)
"""How long signed addresses are good."""
UNKNOWN_TYPE: Final = "application/octet-stream"
PART_BYTES: Final = 2**20
"""Bytes that are read at a time; a smaller file stays in memory."""


class BucketStorage(ObjectStorage):
    """Files below a URL such as ``s3://bucket/prefix``, or in a store of `obstore.store`.

    For a URL, credentials, region and endpoint are those of the environment, by the names that AWS's tools
    have: ``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` and so on.
    """

    sweep_interval = 600.0
    """Listing costs."""

    def __init__(self, bucket: ObjectStore | str) -> None:
        self._bucket = _connected(bucket) if isinstance(bucket, str) else bucket

    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        with _failures():
            await obstore.put_async(self._bucket, name, file)

    async def open(self, name: str) -> BinaryIO | None:
        with _failures():
            try:
                found = await obstore.get_async(self._bucket, name)
            except FileNotFoundError:
                return None
            content = cast("BinaryIO", SpooledTemporaryFile(PART_BYTES))  # noqa: SIM115 - the caller closes it
            try:
                async for part in found.stream(min_chunk_size=PART_BYTES):
                    await asyncio.to_thread(content.write, part)
                await asyncio.to_thread(content.seek, 0)
            except BaseException:
                content.close()
                raise
            return content

    async def signed_put(self, name: str, size: int, type: str) -> str:
        if not isinstance(self._bucket, S3Store):
            return ""
        with _failures():
            return await signed_put(self._bucket, name, size, type, LIFE)

    async def is_there(self, name: str, size: int, type: str) -> bool:
        with _failures():
            try:
                found = await obstore.get_async(self._bucket, name, options={"head": True})
            except FileNotFoundError:
                return False
            return found.meta["size"] == size and found.attributes.get("Content-Type") == type

    async def place(self, upload: UploadFile, name: str, key: str) -> DirectUpload:
        filename, size, type = upload.filename or "", upload.size or 0, upload.content_type or UNKNOWN_TYPE
        with _failures():
            if name:
                await obstore.copy_async(self._bucket, name, key)
            else:
                attributes: Attributes = {"Content-Type": type}
                await obstore.put_async(self._bucket, key, upload.file, attributes=attributes)
            if not isinstance(self._bucket, S3Store):
                return DirectUpload(filename, type, size, key)
            url = await obstore.sign_async(self._bucket, "GET", key, LIFE)
            prefix = (self._bucket.prefix or "").strip("/")
            return DirectUpload(filename, type, size, f"{prefix}/{key}".strip("/"), url)

    async def remove(self, key: str) -> None:
        with _failures():
            await obstore.delete_async(self._bucket, key)

    async def delete(self, names: Iterable[str]) -> None:
        with _failures():
            await obstore.delete_async(self._bucket, list(names))

    async def files(self, owner: str = "") -> list[StoredFile]:
        with _failures():
            return [
                StoredFile(one["path"], one["size"], one["last_modified"].timestamp())
                async for batch in obstore.list(self._bucket, prefix=owner or None)
                for one in batch
                if NAME.fullmatch(one["path"])
            ]


def _connected(url: str) -> S3Store:
    return S3Store.from_url(
        url,
        # An endpoint is only asked without TLS if its URL says so.
        client_options={"read_timeout": PATIENCE, "timeout": LONGEST, "allow_http": True},
        retry_config={"max_retries": 5, "retry_timeout": PATIENCE},
    )


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # what a server answers that isn't S3 may be a panic of Rust's
        raise StoreError(f"object storage: {error}") from error
