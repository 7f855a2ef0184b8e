"""Control flow of actions: ``return redirect("/x")``, or ``raise`` it, instead of showing the page.

These classes derive from `BaseException`, so that ``except Exception`` around a database session doesn't
mistake them for a failure.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class ActionResponse(BaseException):
    """Control flow that an action returns or raises."""


class Redirect(ActionResponse):
    """Go to `url`. Created by `redirect`."""

    def __init__(self, url: str, external: bool = False, replace: bool = False) -> None:
        super().__init__(url)
        self.url = url
        self.external = external
        self.replace = replace

    def resolve(self, address: str, root_path: str = "") -> str:
        """Return the location: a path of this origin, or the whole URL if it is external.

        `address` is the page's absolute URL, which relative URLs are resolved against. Paths are prefixed
        with `root_path`, where the application is mounted, unless they start with it. Raise `ValueError` for
        a URL of another origin unless `external` is set.
        """
        url = self.url
        if url.startswith("/") and root_path and not f"{url}/".startswith(f"{root_path}/"):
            url = root_path + url
        target, own = urlsplit(urljoin(address, url)), urlsplit(address)
        if (target.scheme, target.netloc.lower()) == (own.scheme, own.netloc.lower()):
            return target._replace(scheme="", netloc="", path=_one_slash(target.path)).geturl()
        if not self.external:
            raise ValueError(f"redirecting to another origin needs external=True: {self.url!r}")
        return target.geturl()


class Status(ActionResponse):
    """Answer with the error page of an HTTP status."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def redirect(url: str, *, external: bool = False, replace: bool = False) -> Redirect:
    """Redirect to a path, a relative URL, ``?query``, ``#hash``, or an absolute URL of this origin.

    `external` allows http(s) URLs of other origins; `replace` replaces the current entry of the browser's
    history. Raise `ValueError` for URLs that browsers may interpret differently: ``//host``, backslashes,
    control characters, spaces, other schemes.
    """
    if _UNSAFE.search(url):
        raise ValueError(f"redirect URL contains spaces, backslashes or control characters: {url!r}")
    if url.startswith("//"):
        raise ValueError(f"redirect URL has a host but no scheme: {url!r}")
    scheme = _SCHEME.match(url)
    if scheme and not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise ValueError(f"redirect URL must be http or https: {url!r}")
    return Redirect(url, external, replace)


def not_found(message: str = "") -> Status:
    """Respond with 404."""
    return Status(404, message)


def unauthorized(message: str = "") -> Status:
    """Respond with 401: the visitor has to sign in."""
    return Status(401, message)


def forbidden(message: str = "") -> Status:
    """Respond with 403: the visitor isn't allowed to do this."""
    return Status(403, message)


def find_response(error: BaseException) -> BaseException:
    """Return `error`, or the `ActionResponse` inside an exception group."""
    if isinstance(error, BaseExceptionGroup):
        inner: BaseException | None = error.subgroup(ActionResponse)
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        return inner or error
    return error


def _one_slash(path: str) -> str:
    """Return a path that a browser can't mistake for a host, as it would ``//x``."""
    return "/" + path.lstrip("/")
