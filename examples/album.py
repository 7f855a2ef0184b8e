"""An album: pictures are sent as soon as they are chosen, each with a preview, its progress and its error."""

from __future__ import annotations

from typing import Annotated

from starlette.datastructures import UploadFile

from liveactions import Page, Pages, action, file

pages = Pages()

Picture = Annotated[UploadFile, file(max_size=50 * 2**20, types=["image/*"], auto=True)]


@pages.page("/album")
class Album(Page):
    template = "album.html"
    title: str = ""
    pictures: list[str] = []

    @action
    async def save(self, title: str, pictures: list[Picture]) -> None:
        self.title = title
        self.pictures = [f"{picture.filename}, {picture.size} bytes" for picture in pictures]
