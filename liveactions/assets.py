"""The built client, served under names that change with its content."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
DIGEST = 10
"""Hex digits of the SHA-256 in a file's name; js/build.mjs says the same."""
FOREVER = "public, max-age=31536000, immutable"
STABLE = frozenset({"hooks.js"})
"""Files that scripts of the application import, under names that stay the same."""


class Assets:
    """The files of the client by the name that has their digest in it: ``client.0a1b2c3d4e.js``."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def _files(self) -> dict[str, bytes]:
        """Contents by name, read once: what a page names is what is served."""
        contents = {path.stem: path.read_bytes() for path in self._folder.glob("*.js")}
        return {f"{stem}.{sha256(data).hexdigest()[:DIGEST]}.js": data for stem, data in contents.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.partition(".")[0]: name for name in self._files}

    def name(self, stem: str) -> str:
        """The name under which a file is served: `KeyError` when there is none."""
        return self._names[stem]

    async def respond(self, request: Request) -> Response:
        asked = request.path_params["name"]
        name = self._names[asked.removesuffix(".js")] if asked in STABLE else asked
        content = self._files.get(name)
        if content is None:
            return Response("Not found", 404, media_type="text/plain")
        caching = "no-cache" if asked in STABLE else FOREVER
        headers = {"Cache-Control": caching, "ETag": f'"{name}"', "X-Content-Type-Options": "nosniff"}
        if Headers(scope=request.scope).get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/javascript", headers=headers)
