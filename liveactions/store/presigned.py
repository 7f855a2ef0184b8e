"""Signed addresses to which a browser may send one file: with this size and this type only.

obstore signs addresses for any content. Here its address is signed again, together with the headers of the
request, by AWS's Signature Version 4.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from hmac import digest
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import obstore
from obstore.store import S3Store

from ..exceptions import StoreError

SIGNED: Final = "content-length;content-type;host"
"""The headers of a request that its signature covers."""


async def signed_put(store: S3Store, path: str, size: int, type: str, expires: timedelta) -> str:
    """Return an address to which an object can be sent until it expires: so many bytes of this type.

    Raise `StoreError` if the secret key isn't known here, as on machines that get it from their platform.
    """
    url = urlsplit(await obstore.sign_async(store, "PUT", path, expires))
    query = {**dict(parse_qsl(url.query)), "X-Amz-SignedHeaders": SIGNED}
    del query["X-Amz-Signature"]
    encoded = urlencode(sorted(query.items()), quote_via=quote, safe="~")
    headers = f"content-length:{size}\ncontent-type:{type}\nhost:{url.netloc}\n"
    request = "\n".join(("PUT", url.path, encoded, headers, SIGNED, "UNSIGNED-PAYLOAD"))
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
