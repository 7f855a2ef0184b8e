"""What the application enters around everything that a page does: a locale, a tenant, a trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ..pages.component import Component


@asynccontextmanager
async def around(page: Component) -> AsyncIterator[None]:
    """Enter the context managers of `Live(around=)`, in their order."""
    async with AsyncExitStack() as stack:
        for manager in page.live.services.around:
            await stack.enter_async_context(manager(page.request))
        yield
