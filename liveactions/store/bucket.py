"""Uploaded files in object storage (S3 and compatible servers), for machines that don't share a folder.

obstore signs URLs for any content. `signed_put` signs them again, by AWS's Signature Version 4, for a size
and a media type.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from hmac import digest
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import UploadFile

from ..exceptions import StoreError
from ..types import DirectUpload
from .upload_storage import FILE_TTL, NAME, ObjectStorage, StoredFile

try:
    import obstore
    from obstore.store import ObjectStore, S3Store
except ImportError as error:  # pragma: no cover
    raise ImportError("files in object storage need obstore: pip install 'liveactions[s3]'") from error

if TYPE_CHECKING:
    from obstore import Attributes

REQUEST_TIMEOUT = timedelta(seconds=15)
"""How long to retry a failed request, and how long to wait for data from the server."""
TRANSFER_TIMEOUT: Final = timedelta(minutes=15)
"""How long the transfer of a file may take."""
SIGNED_URL_TTL: Final = timedelta(seconds=FILE_TTL)
"""How long signed URLs are valid."""
UNKNOWN_TYPE: Final = "application/octet-stream"
SIGNED_HEADERS: Final = "content-length;content-type;host"
"""The headers of a PUT that its signature covers."""
PART_BYTES: Final = 2**20
"""Bytes to read at a time. Smaller files stay in memory."""


class BucketStorage(ObjectStorage):
    """Files below a URL such as ``s3://bucket/prefix``, or in a store of `obstore.store`.

    With a URL, credentials, region and endpoint come from the environment variables that AWS's tools use:
    ``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` and so on.
    """

    sweep_interval = 600.0
    """Long, because listing files costs money."""

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
            return await signed_put(self._bucket, name, size, type, SIGNED_URL_TTL)

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
            url = await obstore.sign_async(self._bucket, "GET", key, SIGNED_URL_TTL)
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
        # An endpoint is only requested without TLS if its URL begins with http.
        client_options={"read_timeout": REQUEST_TIMEOUT, "timeout": TRANSFER_TIMEOUT, "allow_http": True},
        retry_config={"max_retries": 5, "retry_timeout": REQUEST_TIMEOUT},
    )


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a server that doesn't speak S3 may even cause a panic in Rust
        raise StoreError(f"object storage: {error}") from error


async def signed_put(store: S3Store, path: str, size: int, type: str, expires: timedelta) -> str:
    """Return a URL to which a browser can send one object of this size and media type, until it expires.

    Raise `StoreError` if the secret key is unknown, as on machines that get credentials from their platform.
    """
    url = urlsplit(await obstore.sign_async(store, "PUT", path, expires))
    query = {**dict(parse_qsl(url.query)), "X-Amz-SignedHeaders": SIGNED_HEADERS}
    del query["X-Amz-Signature"]
    encoded = urlencode(sorted(query.items()), quote_via=quote, safe="~")
    headers = f"content-length:{size}\ncontent-type:{type}\nhost:{url.netloc}\n"
    request = "\n".join(("PUT", url.path, encoded, headers, SIGNED_HEADERS, "UNSIGNED-PAYLOAD"))
    access_key, *scope = query["X-Amz-Credential"].rsplit("/", 4)
    hashed = sha256(request.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), hashed))
    key = f"AWS4{await _secret(store, access_key)}".encode()
    for part in (*scope, text):
        key = digest(key, part.encode(), "sha256")
    return url._replace(query=f"{encoded}&X-Amz-Signature={key.hex()}").geturl()


async def _secret(store: S3Store, access_key: str) -> str:
    for name, secret in await _keys(store):
        if name == access_key and secret:
            return str(secret)
    raise StoreError(
        "direct uploads need the secret key of object storage: set AWS_ACCESS_KEY_ID and"
        " AWS_SECRET_ACCESS_KEY, or give the S3Store a credential_provider, such as"
        " obstore.auth.boto3.Boto3CredentialProvider()"
    )


async def _keys(store: S3Store) -> list[tuple[Any, Any]]:
    config: Mapping[Any, Any] = store.config
    found = [
        (config.get("access_key_id"), config.get("secret_access_key")),
        (config.get("aws_access_key_id"), config.get("aws_secret_access_key")),
        (os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")),
    ]
    if store.credential_provider is not None:
        provided: Any = store.credential_provider()
        if inspect.isawaitable(provided):
            provided = await provided
        found.append((provided["access_key_id"], provided["secret_access_key"]))
    return found
