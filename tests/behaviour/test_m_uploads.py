"""Files beside the socket, and files that actions give back."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import obstore
import pytest
from fastapi import UploadFile
from jinja2 import DictLoader, Environment
from obstore.store import MemoryStore as InMemoryBucket
from obstore.store import S3Store
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from liveactions import ActionError, DirectUpload, Limits, Live, Page, Pages, action, file, unauthorized
from liveactions.exceptions import StoreError
from liveactions.protocol import constants as wire
from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.bucket import BucketStorage
from liveactions.store.snapshots import session_key
from liveactions.store.upload_storage import FILE_TTL, FolderStorage, UploadStorage
from liveactions.testing import Browser, File, Refusal
from tests.behaviour.ways import Way, visiting, ways
from tests.store.storages import bucket_url
from tests.support.asgi import Tab, browser, signed
from tests.support.patience import PATIENCE

TEMPLATES = {
    "files.html": """<!doctype html><html><head></head><body>
<form action="{{ send }}"><input type="file" name="one" aria-label="One">
<input type="file" name="many" multiple aria-label="Many"><input name="note" aria-label="Note">
<button>Send</button></form>
<form action="{{ fail }}"><input type="file" name="one" aria-label="Bad"><button>Fail</button></form>
<form action="{{ export }}"><button>Export</button></form><form action="{{ no_files }}"></form>
<form action="{{ lose }}"></form><a href="{{ count }}"></a><a href="{{ newest }}"></a>
<pre>{{ seen|join("; ") }}</pre><p>{{ send.errors.one }}{{ send.errors.many }}</p></body></html>"""
}
opened: list[UploadFile] = []


def archive(store: Store | None = None, **options: Any) -> Live:
    pages = Pages()

    @pages.page("/files")
    class Files(Page):
        template = "files.html"
        seen: list[str] = []

        @action
        async def send(
            self,
            one: Annotated[UploadFile | None, file(max_size=1000, types=["text/*", ".csv"])] = None,
            many: list[UploadFile] = [],  # noqa: B006
            note: str = "",
        ) -> None:
            for upload in [*([one] if one else []), *many]:
                opened.append(upload)
                content = (await upload.read()).decode()
                self.seen.append(f"{upload.filename} {upload.content_type} {upload.size} {content[:20]}")
            self.seen.append(note)

        @action
        async def fail(self, one: UploadFile) -> None:
            opened.append(one)
            raise ActionError("No", field="one")

        @action
        async def count(self, one: UploadFile) -> AsyncIterator[int]:
            size = 0
            while part := await one.read(4):
                size += len(part)
                self.seen = [f"{size} bytes"]
                yield size

        @action(concurrency="latest")
        async def newest(self, one: UploadFile) -> None:
            self.seen = [(await one.read()).decode()]

        @action
        async def export(self) -> Response:
            return PlainTextResponse("a,b", headers={"Content-Disposition": "attachment; filename=a.csv"})

        @action
        async def lose(self) -> Response:
            return FileResponse("no such file")

        @action
        async def no_files(self) -> None: ...

    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True),
        keys="k" * 32,
        store=store or MemoryStore(),
        name="archive",
        **options,
    )
    live.include(pages)
    return live


async def upload(
    tab: Tab, action: str, *files: tuple[str, tuple[str, bytes, str]], **headers: str
) -> httpx.Response:
    return await tab.browser.http.post(
        "/files",
        params={"_a": tab.signed(action)},
        files=list(files),
        headers={wire.HEADER_UPLOAD: tab.token or "", **headers},
    )


def handles(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    return [part for name, handle in response.json()["files"] for part in (name, {"file": handle})]


async def lying(live: Live) -> list[Path]:
    """The files that wait, when those that nobody takes are gone."""
    await live.site.uploads.close()
    storage = live.site.uploads.storage
    assert isinstance(storage, FolderStorage)
    return list(storage.folder.iterdir())


async def test_m3_files_go_beside_the_socket_and_ops_name_them() -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        one, two = ("one", ("a.txt", b"first", "text/plain")), ("many", ("zürich.bin", b"second", ""))
        fields = handles(await upload(tab, "send", one, two, two))
        assert fields[::2] == ["one", "many", "many"] and len(await lying(live)) == 3
        frame = await tab.op(wire.CALL_REF, tab.signed("send"), [*fields, "note", "x"])
        assert frame[3] == []
        shown = str(frame[2])
        assert "a.txt text/plain 5 first; z\u00fcrich.bin" in shown and shown.endswith("x']")
        again = await tab.op(wire.CALL_REF, tab.signed("send"), fields)
        assert again[3][2] == {
            "error": "The file is no longer available. Please choose it again.",
            "errors": {},
            "status": 409,
        }


@pytest.mark.parametrize(
    ("name", "content", "kind", "status"),
    [
        ("a.txt", b"x" * 1001, "text/plain", 413),
        ("a.exe", b"x", "application/x-executable", 415),
        ("a.csv", b"x", "application/octet-stream", 200),
    ],
)
async def test_m3_limits_are_those_of_the_parameters(
    name: str, content: bytes, kind: str, status: int
) -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        response = await upload(tab, "send", ("one", (name, content, kind)))
        assert response.status_code == status
        if status != 200:
            assert (
                response.json().keys() == {"error", "errors", "status"} and response.json()["errors"]["one"]
            )
            assert await lying(live) == []


async def test_m3_limits_hold_while_the_body_comes() -> None:
    live = archive(limits=Limits(upload=5000, files=3))
    sent = 0

    async def body() -> Any:
        nonlocal sent
        yield b'--B\r\nContent-Disposition: form-data; name="one"; filename="a"\r\n\r\n'
        while sent < 10 * 2**30:  # 10 GB, if anybody reads it
            sent += 2**16
            yield b"x" * 2**16

    async with browser(live) as visitor:
        headers = {"Content-Type": "multipart/form-data; boundary=B", wire.HEADER_UPLOAD: "1"}
        response = await visitor.http.post(
            f"/files?_a={signed(live, '/files', 'send')}", content=body(), headers=headers
        )
        assert response.status_code == 413 and response.json()["status"] == 413
        assert sent < 2**22


async def test_m3_uploads_that_are_refused() -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        text = ("one", ("a.txt", b"x", "text/plain"))
        for unknown in ("nothing", "no_files", "__class__", ""):
            assert (await upload(tab, unknown, text)).status_code == 409
        assert (await upload(tab, "send", text, Origin="http://evil.test")).status_code == 403
        unexpected = await upload(tab, "send", ("note", ("a.txt", b"x", "text/plain")))
        assert unexpected.status_code == 422 and "note" in unexpected.json()["errors"]
        kind = {wire.HEADER_UPLOAD: "1", "Content-Type": "multipart/form-data; boundary=B"}
        for broken in (
            b"",
            b"--B\r\n",
            b"--B\r\nContent-Disposition: form-data; name=one; filename=a\r\n\r\ncut",
        ):
            assert (
                await visitor.http.post(tab.action("send"), content=broken, headers=kind)
            ).status_code == 400
        assert await lying(live) == []


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"types": "image/png"}, TypeError, "types='image/png': expected a list"),
        ({"types": ["png"]}, ValueError, "no file can match 'png'; write 'image/png'"),
        ({"max_size": "1mb"}, TypeError, "max_size='1mb': expected an int"),
        ({"max_size": -1}, ValueError, "can't be negative"),
    ],
)
def test_m3_limits_are_checked(options: dict[str, Any], error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint):
        file(**options)


async def test_m3_files_that_wait_have_a_limit() -> None:
    live = archive(limits=Limits(uploads=15))
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        first = handles(await upload(tab, "send", ("one", ("a.txt", b"0123456789", "text/plain"))))
        more = await upload(tab, "send", ("one", ("b.txt", b"0123456789", "text/plain")))
        assert more.status_code == 503 and "try again later" in more.json()["error"]
        await tab.op(wire.CALL_REF, tab.signed("send"), first)
        assert await lying(live) == []
        handles(await upload(tab, "send", ("one", ("b.txt", b"0123456789", "text/plain"))))


async def test_m3_guards_come_before_files() -> None:
    def guard(request: Request) -> object:
        return None if request.cookies.get("user") else unauthorized()

    live = archive(guard=guard)
    async with browser(live) as visitor:
        visitor.identity = "ada"
        visitor.http.cookies.set("user", "ada")
        tab = await visitor.open("/files")
        visitor.http.cookies.clear()
        response = await upload(tab, "send", ("one", ("a.txt", b"x", "text/plain")))
        assert response.status_code == 401 and response.json()["status"] == 401 and await lying(live) == []


async def test_m3_handles_are_one_persons() -> None:
    live = archive(identify=lambda request: request.cookies.get("user"))
    async with browser(live) as visitor:
        visitor.identity = "ada"
        visitor.http.cookies.set("user", "ada")
        tab = await visitor.joined("/files")
        fields = handles(await upload(tab, "send", ("one", ("a.txt", b"x", "text/plain"))))
        visitor.identity = "bob"
        visitor.http.cookies.set("user", "bob")
        other = await visitor.joined("/files")
        for handle in (fields[1]["file"], "nonsense", "../../etc/passwd", ""):
            frame = await other.op(wire.CALL_REF, tab.signed("send"), ["one", {"file": handle}])
            assert frame[3][2]["status"] == 409
        visitor.identity = "ada"
        assert (await tab.op(wire.CALL_REF, tab.signed("send"), fields))[3] == []


async def test_m3_files_stay_as_long_as_a_generator_reads_them() -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        fields = handles(await upload(tab, "count", ("one", ("a.txt", b"0123456789", "text/plain"))))
        frame = await tab.op(wire.CALL_REF, tab.signed("count"), fields)
        seen = [str(frame[2])]
        while wire.OK not in frame[3][1::3]:
            frame = await tab.receive()
            seen.append(str(frame[2]))
        assert [size for size in ("4", "8", "10") if any(f"{size} bytes" in one for one in seen)] == [
            "4",
            "8",
            "10",
        ]
        assert frame[3][:3] == [1, wire.OK, 10] and await lying(live) == []


async def test_m3_files_of_an_action_that_runs_apart() -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        fields = handles(await upload(tab, "newest", ("one", ("a.txt", b"whole", "text/plain"))))
        assert "whole" in str((await tab.op(wire.CALL_REF, tab.signed("newest"), fields))[2])
        assert await lying(live) == []


@ways("SHN")
async def test_m3_a_form_with_files(way: Way) -> None:
    async with visiting(archive(), way) as visitor:
        page = await visitor.open("/files")
        await page.attach("One", File("a.txt", b"hello", "text/plain"))
        await page.fill("Note", "seen")
        await page.click("Send")
        assert page.text("pre") == "a.txt text/plain 5 hello; seen"


async def test_m4_files_go_when_the_op_ends() -> None:
    opened.clear()
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        for name in ("send", "fail"):
            fields = handles(await upload(tab, name, ("one", ("a.txt", b"x", "text/plain"))))
            await tab.op(wire.CALL_REF, tab.signed(name), fields)
            assert len(await lying(live)) == (name == "fail")  # its form is to be corrected and sent again
        assert all(one.file.closed for one in opened) and len(opened) == 2
        response = await visitor.http.post(
            "/files",
            params={"_a": tab.signed("send")},
            files={"_s": (None, tab.snapshot), "one": ("a.txt", b"x" * 900)},
        )
        assert response.status_code in (303, 422) and all(one.file.closed for one in opened)


async def test_m4_files_that_nobody_takes_go_too(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    live = archive(store)
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        handles(await upload(tab, "send", ("one", ("a.txt", b"x", "text/plain"))))
        [waiting] = await lying(live)
        assert waiting.stat().st_mode & 0o077 == 0 and waiting.parent == tmp_path / "store.files"
        unknown = waiting.with_name("notes.txt")
        unknown.write_text("of somebody else")
        for path in (waiting, unknown):
            os.utime(path, (time.time() - FILE_TTL + 100,) * 2)
        await live.site.uploads.sweep(time.time())
        assert waiting in await lying(live)
        again = archive(SqliteStore(tmp_path / "store.sqlite"))  # the process has started anew
        await again.site.uploads.sweep(time.time() + 101)
        assert await lying(live) == [unknown]


async def test_m4_a_file_that_cannot_be_kept_whole_is_not_kept() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("no space left")
            return super().read(1)

    live = archive()
    upload, broken = UploadFile(io.BytesIO(b"xyz"), size=3), UploadFile(Broken(b"xyz"), size=3)
    with pytest.raises(StoreError, match="no space"):
        await live.site.uploads.store([upload, broken], "")
    assert await lying(live) == []


async def test_m4_files_go_with_their_session(tmp_path: Path) -> None:
    live = archive(SqliteStore(tmp_path / "store.sqlite"))
    async with browser(live) as visitor:
        leaving, staying = await visitor.joined("/files"), await visitor.joined("/files")
        for tab in (leaving, staying):
            handles(await upload(tab, "send", ("one", ("a.txt", b"x", "text/plain"))))
        names = str(await lying(live))
        assert not any(str(tab.token) in names for tab in (leaving, staying))
        leaving.socket.send([1, leaving.rev, wire.BYE])
        await asyncio.wait_for(leaving.socket.task, PATIENCE)
        [of_the_other] = await lying(live)
        assert session_key(str(staying.token)).endswith(of_the_other.name.partition("-")[0])
        await staying.socket.lose()
        [session] = [session for session in live.sessions if not session.state.is_over]
        await live.sessions.run_maintenance(session.state.last_seen + live.site.limits.detached - 1)
        assert await lying(live) == [of_the_other]
        await live.sessions.run_maintenance(session.state.last_seen + live.site.limits.detached + 1)
        assert await lying(live) == []


async def test_m4_files_go_with_their_page_to_another_worker(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    here, there = archive(store), archive(store)
    async with browser(here) as visitor, browser(there) as again:
        tab = await visitor.joined("/files")
        fields = handles(await upload(tab, "send", ("one", ("a.txt", b"x", "text/plain"))))
        await tab.socket.lose()
        tab.browser = again
        await tab.join()
        [session] = here.sessions
        await here.sessions.run_maintenance(session.state.last_seen + here.site.limits.detached + 1)
        assert not len(here.sessions)
        assert "a.txt" in str(await tab.op(wire.CALL_REF, tab.signed("send"), fields))


# Plans, and files in chunks


async def ask(tab: Tab, action: str, question: Any, url: str = "/files") -> httpx.Response:
    headers = {wire.HEADER_UPLOAD: tab.token or ""}
    return await tab.browser.http.post(url, params={"_a": tab.signed(action)}, json=question, headers=headers)


async def send_chunk(tab: Tab, number: object, handle: str, content: bytes) -> httpx.Response:
    headers = {wire.HEADER_UPLOAD: tab.token or "", wire.HEADER_CHUNK: f"{number} {handle}"}
    return await tab.browser.http.post("/files", content=content, headers=headers)


async def test_each_file_has_a_plan_before_it_is_sent() -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        files = [
            ["many", "a.bin", "", 10],
            ["many", "b.bin", "", 3 * 2**20],
            ["one", "a.png", "image/png", 10],
            ["one", "a.txt", "text/plain", 1001],
            ["other", "a.txt", "text/plain", 1],
        ]
        small, large, *refused = (await ask(tab, "send", {"plan": files})).json()["files"]
        assert small == {"by": "form"}
        assert large.pop("handle") and large == {"by": "chunks", "size": 2**20}
        assert refused == [
            {"error": "Choose a file of one of these types: text/*, .csv"},
            {"error": "This file is larger than 1000 bytes"},
            {"error": "No file is expected here"},
        ]
        assert await lying(live) == []


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"plan": [["many", "a.txt", "text/plain", 1]] * 21}, 413),
        ({"plan": [["many", "a.txt", "text/plain", 2**20 * 10]] * 20}, 200),
        ({"plan": [["many", "a.txt", "text/plain", -1]]}, 400),
        ({"plan": [["many", "a.txt", "text/plain", True]]}, 400),
        ({"plan": [["many", "a.txt"]]}, 400),
        ({"plan": "many"}, 400),
        ({"resume": "forged"}, 409),
        ({"cancel": "forged"}, 409),
        ([], 400),
    ],
)
async def test_questions_about_files_are_checked(question: Any, status: int) -> None:
    async with browser(archive()) as visitor:
        tab = await visitor.joined("/files")
        response = await ask(tab, "send", question)
        assert response.status_code == status, response.text


async def test_files_that_have_no_room_are_refused_before_they_are_sent() -> None:
    live = archive(limits=Limits(uploads=2**20))
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        response = await ask(tab, "send", {"plan": [["many", "a.txt", "", 2**20 + 1]]})
        assert response.status_code == 503 and "Too many files" in response.json()["error"]


async def test_only_files_in_chunks_resume() -> None:
    async with browser(archive()) as visitor:
        tab = await visitor.joined("/files")
        _, whole = handles(await upload(tab, "send", ("many", ("a.txt", b"x", "text/plain"))))
        response = await ask(tab, "send", {"resume": whole["file"]})
        assert response.status_code == 400 and "in chunks" in response.json()["error"]


async def test_a_file_in_chunks_resumes_on_another_worker(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    here, there = archive(store), archive(store)
    content = b"x" * 2**20 + b"end"
    async with browser(here) as visitor, browser(there) as again:
        tab = await visitor.joined("/files")
        plans = await ask(tab, "send", {"plan": [["many", "a.bin", "text/plain", len(content)]]})
        [plan] = plans.json()["files"]
        assert (await send_chunk(tab, 0, plan["handle"], content[: 2**20])).status_code == 200
        await tab.socket.lose()
        tab.browser = again
        await tab.join()
        assert (await ask(tab, "send", {"resume": plan["handle"]})).json() == {"chunks": 1}
        assert (await send_chunk(tab, 1, plan["handle"], b"end")).status_code == 200
        frame = await tab.op(wire.CALL_REF, tab.signed("send"), ["many", {"file": plan["handle"]}])
        assert f"a.bin text/plain {len(content)}" in str(frame) and await lying(there) == []


async def test_chunks_are_checked_and_cancelled() -> None:
    live = archive(identify=lambda connection: connection.headers.get("who", ""))
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        plans = await ask(tab, "send", {"plan": [["many", "a.bin", "", 2**20 + 3]]})
        handle = plans.json()["files"][0]["handle"]
        for number, content, status in (
            (0, b"short", 400),
            (1, b"end!", 413),
            (2, b"x", 413),
            (2, b"", 400),
            (-1, b"x", 413),
            ("x", b"", 400),
            ("9" * 5000, b"x", 400),  # more digits than int() takes
        ):
            response = await send_chunk(tab, number, handle, content)
            assert response.status_code == status, (number, response.text)
        assert (await send_chunk(tab, 1, handle[:-4] + "AAAA", b"end")).status_code == 409
        visitor.http.headers["who"] = "eve"
        assert (await send_chunk(tab, 1, handle, b"end")).status_code == 409
        del visitor.http.headers["who"]
        assert await lying(live) == []
        assert (await send_chunk(tab, 1, handle, b"end")).status_code == 200
        assert len(await lying(live)) == 1
        assert (await ask(tab, "send", {"cancel": handle})).json() == {}
        assert await lying(live) == []


ENTRIES = """<title>Album</title><form method="post" action="{{ save }}">
<input type="file" name="files" multiple aria-label="Files"><template live-entries="files"><p></p></template>
<button>Save</button> <p>{{ save.errors.files }}</p></form><pre>{{ lines|join("; ") }}</pre>"""


def album(auto: bool) -> Live:
    pages = Pages()

    @pages.page("/album")
    class Album(Page):
        template = "album.html"
        lines: list[str] = []

        @action
        async def save(self, files: list[Annotated[UploadFile, file(types=[".txt"], auto=auto)]]) -> None:
            self.lines = [f"{one.filename} {len(await one.read())}" for one in files]

    live = Live(Environment(loader=DictLoader({"album.html": ENTRIES}), autoescape=True), keys="k" * 32)
    live.include(pages)
    return live


@pytest.mark.parametrize("auto", [True, False])
async def test_tests_see_entries(auto: bool) -> None:
    live = album(auto)
    async with Browser(live) as user:
        page = await user.open("/album")
        large = File("b.txt", b"x" * (2**20 + 1))
        await page.attach("Files", File("a.txt", b"1"), File("c.exe", b""), large, File("d.txt", b"1"))
        assert [(one.name, one.size, one.is_sent) for one in page.entries("Files")] == [
            ("a.txt", 1, auto),
            ("c.exe", 0, False),
            ("b.txt", 2**20 + 1, auto),
            ("d.txt", 1, auto),
        ]
        assert len(await lying(live)) == (4 if auto else 0)
        await page.click("Save")
        assert page.text("p") == page.entries("Files")[1].error == "Choose a file of one of these types: .txt"
        await page.detach("Files", "c.exe")
        await page.detach("Files", "d.txt")
        with pytest.raises(Refusal, match="there are 'a.txt' and 'b.txt'"):
            await page.detach("Files", "d.txt")
        await page.click("Save")
        assert page.text("pre") == "a.txt 1; b.txt 1048577" and page.entries("Files") == []


async def test_tests_without_javascript_choose_several_files() -> None:
    async with Browser(album(True), js=False) as user:
        page = await user.open("/album")
        await page.attach("Files", File("a.txt", b"1"), File("b.txt", b"22"))
        with pytest.raises(Refusal, match="JavaScript"):
            page.entries("Files")
        await page.click("Save")
        assert page.text("pre") == "a.txt 1; b.txt 2"


@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/etc/passwd", "..\\evil.txt", "a/b", ".", "con", "x" * 500]
)
async def test_m5_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    live = archive(SqliteStore(tmp_path / "store.sqlite"))
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        fields = handles(await upload(tab, "send", ("one", (name, b"x", "text/plain"))))
        [waiting] = await lying(live)
        assert waiting.name.replace("-", "").isalnum() and "evil" not in waiting.name
        assert (await tab.op(wire.CALL_REF, tab.signed("send"), fields))[3] == []


async def test_responses_of_actions_over_a_socket_are_fetched_once() -> None:
    async with browser(archive()) as visitor:
        tab = await visitor.joined("/files")
        frame = await tab.call("export")
        url = frame[3][2]["url"]
        assert frame[3][1] == wire.REDIRECT and url.startswith("/_live/deliveries/") and frame[2] == []
        assert (await visitor.http.head(url)).status_code == 405
        response = await visitor.http.get(url)
        assert (response.status_code, response.text) == (200, "a,b")
        assert "attachment" in response.headers["content-disposition"]
        assert (await visitor.http.get(url)).status_code == 410
        assert "x" in str((await tab.call("send", "note", "x"))[2])
        posted = await visitor.http.post(tab.action("export"), data={"_s": tab.snapshot})
        assert posted.text == "a,b"


async def test_a_response_that_fails_is_an_error_of_its_op(caplog: pytest.LogCaptureFixture) -> None:
    live = archive()
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        frame = await tab.call("lose")
        assert frame[3][:2] == [1, wire.ERROR] and frame[3][2]["status"] == 500
        assert "does not exist" in caplog.text and await lying(live) == []
        assert (await tab.call("export"))[3][1] == wire.REDIRECT


# Straight to object storage

GALLERY = """<title>Gallery</title><form method="post" action="{{ save }}">
<input name="title" aria-label="Title">
<input type="file" name="files" multiple aria-label="Files"><button>Save</button>
<p>{{ save.errors.files }} {{ save.errors.title }}</p></form><pre>{{ lines|join("; ") }}</pre>"""


def gallery(storage: UploadStorage, **options: Any) -> tuple[Live, list[DirectUpload]]:
    pages = Pages()
    accepted: list[DirectUpload] = []

    @pages.page("/gallery")
    class Gallery(Page):
        template = "gallery.html"
        lines: list[str] = []

        @action
        async def save(
            self, title: str, files: list[Annotated[DirectUpload, file(max_size=9, types=[".txt"])]]
        ) -> None:
            if title == "bad":
                raise ActionError("No", field="title")
            accepted.extend(files)
            self.lines = [f"{one.filename} {one.size}" for one in files]

    live = Live(
        Environment(loader=DictLoader({"gallery.html": GALLERY}), autoescape=True),
        keys="k" * 32,
        uploads=storage,
        **options,
    )
    live.include(pages)
    return live, accepted


@pytest.mark.slow
@ways("SHN")
@pytest.mark.parametrize("kind", ["s3", "memory"])
async def test_m6_actions_get_keys_of_files_in_object_storage(
    kind: str, way: Way, request: pytest.FixtureRequest
) -> None:
    url = bucket_url(request) if kind == "s3" else ""
    bucket = S3Store.from_url(url, client_options={"allow_http": True}) if url else InMemoryBucket()
    live, accepted = gallery(BucketStorage(bucket))

    def objects() -> dict[str, bytes]:
        return {
            one["path"]: bytes(obstore.get(bucket, one["path"]).bytes())
            for batch in obstore.list(bucket)
            for one in batch
        }

    async with visiting(live, way) as browser:
        page = await browser.open("/gallery")
        await page.fill("Title", "bad")
        await page.attach("Files", File("a.txt", b"one"), File("b.txt", b"two"))
        await page.click("Save")
        assert page.text("p") == "No" and accepted == []
        assert not any(path.startswith("files/") for path in objects())
        await page.fill("Title", "good")
        if not browser.js:
            await page.attach("Files", File("a.txt", b"one"), File("b.txt", b"two"))
        await page.click("Save")
        assert page.text("pre") == "a.txt 3; b.txt 3"
        await live.site.uploads.close()
        keys = [one.key.removeprefix("some/where/") for one in accepted]
        assert objects() == dict(zip(keys, (b"one", b"two"), strict=True))
        await page.attach("Files", File("a.txt", b"too large!"))
        await page.click("Save")
        assert "larger than 9 bytes" in page.text("p") and len(objects()) == 2


@pytest.mark.slow
async def test_a_file_in_object_storage_is_for_its_own_parameter_only(request: pytest.FixtureRequest) -> None:
    storage = BucketStorage(bucket_url(request))
    live = archive(uploads=storage)
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        route = next(one for one in live.site.routes if one.path == "/files")
        context = live.site.context(route, "")
        handle, url = await live.site.uploads.begin_direct("a.txt", 1, "text/plain", context)
        async with httpx.AsyncClient() as http:
            await http.put(url, content=b"x", headers={"content-type": "text/plain"})
        frame = await tab.op(wire.CALL_REF, tab.signed("send"), ["one", {"file": handle}])
        assert frame[3][2]["errors"] == {"one": "This file couldn't be uploaded"}


@pytest.mark.slow
async def test_direct_files_have_short_names_and_those_that_wait_count_for_the_limit(
    request: pytest.FixtureRequest,
) -> None:
    live, _ = gallery(BucketStorage(bucket_url(request)), limits=Limits(uploads=9))
    async with browser(live) as visitor:
        tab = await visitor.joined("/gallery")
        question = {"plan": [["files", "a" * 1000 + ".txt", "text/plain", 5]]}
        [plan] = (await ask(tab, "save", question, "/gallery")).json()["files"]
        route = next(one for one in live.site.routes if one.path == "/gallery")
        handle = live.site.uploads.open_handle(plan["handle"], live.site.context(route, ""))
        assert handle.filename == "a" * 251 + ".txt"
        async with httpx.AsyncClient() as http:
            await http.put(plan["url"], content=b"12345", headers=plan["headers"])
        assert (await ask(tab, "save", question, "/gallery")).status_code == 503


def shelf(bucket: InMemoryBucket, stored: list[str]) -> tuple[Live, threading.Event, threading.Event]:
    """A page whose actions store keys of files, after which something fails. `slow` waits for the first event
    and sets the second one.
    """
    pages, gate, done = Pages(), threading.Event(), threading.Event()

    @pages.page("/files")
    class Shelf(Page):
        template = "shelf.html"
        breaks: str = ""

        async def load(self) -> None:
            if self.breaks in ("load", "load after a refusal"):
                raise RuntimeError("other data can't be loaded")

        @action
        async def save(self, one: DirectUpload, breaks: str) -> Any:
            if breaks == "action":
                raise RuntimeError("nothing is stored")
            stored.append(one.key)
            self.breaks = breaks
            if breaks == "load after a refusal":
                raise HTTPException(404)
            return object() if breaks == "result" else None

        @action(timeout=1.0)  # its thread has begun by then
        def slow(self, one: DirectUpload) -> None:
            assert gate.wait(PATIENCE)
            stored.append(one.key)
            done.set()

    source = """<form action="{{ save }}"></form><form action="{{ slow }}"></form>
{% if breaks == "render" %}{{ 1 // 0 }}{% endif %}"""
    live = Live(
        Environment(loader=DictLoader({"shelf.html": source}), autoescape=True),
        keys="k" * 32,
        uploads=BucketStorage(bucket),
    )
    live.include(pages)
    return live, gate, done


@pytest.mark.parametrize("breaks", ["action", "result", "load", "load after a refusal", "render"])
async def test_files_in_object_storage_stay_once_their_action_has_returned(breaks: str) -> None:
    bucket, stored = InMemoryBucket(), list[str]()
    live, _, _ = shelf(bucket, stored)
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        file = handles(await upload(tab, "save", ("one", ("a.txt", b"x", "text/plain"))))
        frame = await tab.op(wire.CALL_REF, tab.signed("save"), [*file, "breaks", breaks])
        assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 500
        await live.site.uploads.close()
        assert [one["path"] for batch in obstore.list(bucket) for one in batch] == stored
        assert len(stored) == (0 if breaks == "action" else 1)


@pytest.mark.slow
async def test_a_file_in_object_storage_stays_for_a_thread_that_goes_on_after_its_timeout() -> None:
    bucket, stored = InMemoryBucket(), list[str]()
    live, gate, done = shelf(bucket, stored)
    async with browser(live) as visitor:
        tab = await visitor.joined("/files")
        file = handles(await upload(tab, "slow", ("one", ("a.txt", b"x", "text/plain"))))
        frame = await tab.op(wire.CALL_REF, tab.signed("slow"), file)
        assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 504
        gate.set()
        assert await asyncio.to_thread(done.wait, PATIENCE)
        await live.site.uploads.close()
        assert [one["path"] for batch in obstore.list(bucket) for one in batch] == stored


async def test_direct_uploads_need_object_storage_when_the_application_starts(tmp_path: Path) -> None:
    live, _ = gallery(FolderStorage(tmp_path))
    with pytest.raises(RuntimeError, match="save takes a DirectUpload, which needs object storage"):
        async with Browser(live) as user:
            await user.open("/gallery")
