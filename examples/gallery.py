"""A gallery: the browser sends pictures straight to object storage, and the action gets their addresses.

It is among the examples if they have a bucket:
``LIVEACTIONS_UPLOADS=s3://bucket/examples uvicorn examples.app:live``.
"""

from __future__ import annotations

from typing import Annotated

from liveactions import DirectUpload, Page, Pages, action, file

pages = Pages()

Picture = Annotated[DirectUpload, file(max_size=2**30, types=["image/*"], auto=True)]


@pages.page("/gallery")
class Gallery(Page):
    template = "gallery.html"
    pictures: list[str] = []

    @action
    async def add(self, pictures: list[Picture]) -> None:
        self.pictures = [*self.pictures, *(picture.url for picture in pictures)]
