"""C6 to C9. Files and bodies: what is sent, how much of it, and what is no form."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from math import inf, nan
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import pytest
from jinja2 import DictLoader, Environment
from starlette.datastructures import UploadFile

from liveactions import Limits, Live, Page, Pages, action, file
from liveactions.protocol.constants import CALL_REF
from liveactions.testing import Browser, File
from liveactions.testing.asgi import Closed
from liveactions.testing.failures import Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import signed
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []
TEMPLATES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


# C6: files


@pages.page("/files")
class Files(Page):
    template = "files.html"

    @action
    async def send(self, one: UploadFile | None, more: list[UploadFile], text: str = "") -> None:
        uploads = [*([one] if one else []), *more]
        journal.append([(up.filename, up.size, up.content_type, await up.read()) for up in uploads])

    @action
    async def need(self, needed: UploadFile) -> None:
        journal.append(needed.filename)

    @action
    async def limited(
        self,
        photo: Annotated[UploadFile | None, file(max_size=1000, types=["image/*", ".pdf"])] = None,
        papers: Annotated[list[UploadFile], file(types=["text/plain"])] = [],  # noqa: B006 - never changed
        text: str = "",
    ) -> None:
        journal.append([photo and photo.filename, [paper.filename for paper in papers]])


TEMPLATES["files.html"] = (
    '<title>F</title><form method="post" action="{{ send }}">'
    '<input type="file" name="one" aria-label="one"><input type="file" name="more" aria-label="many">'
    '<input type="file" name="more" aria-label="still more"><button>send</button></form>'
    '<form method="post" action="{{ need }}" enctype="multipart/form-data"><input type="file" name="needed">'
    "<b>{{ need.errors.needed }}</b><button>need</button></form>"
    '<form method="post" action="{{ limited }}" enctype="multipart/form-data">'
    '<input type="file" name="photo" aria-label="photo"><i>{{ limited.errors.photo }}</i>'
    '<input type="file" name="papers" aria-label="papers"><u>{{ limited.errors.papers }}</u>'
    '<input name="text" aria-label="text" value="{{ limited.field("text").value }}">'
    "<button>limited</button></form>"
)


@ways("SHN")
async def test_c6_files_arrive_as_sent(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/files")
        await page.attach("one", File("é ß.txt", b"one\r\n\0", "text/x-one"))
        await page.attach("many", File("a.bin", b"a" * 100_000))
        await page.attach("still more", File("b.bin", b""))
        await page.click("send")
        assert journal == [
            [
                ("é ß.txt", 6, "text/x-one", b"one\r\n\0"),
                ("a.bin", 100_000, "application/octet-stream", b"a" * 100_000),
                ("b.bin", 0, "application/octet-stream", b""),
            ]
        ]


@ways("SHN")
async def test_c6_no_file_chosen(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/files")
        await page.click("send")
        assert journal == [[]]
        await page.click("need")
        assert (page.text("b"), journal) == ("This field is required", [[]])


@ways("SHN")
@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (File("a.png", b"x" * 1000, "image/png"), ""),
        (File("a.PDF", b"x", "application/octet-stream"), ""),
        (File("a.png", b"x" * 1001, "image/png"), "This file is larger than 1000 bytes"),
        (File("a.exe", b"x", "application/exe"), "Choose a file of one of these types: image/*, .pdf"),
        (File("a.png.exe", b"x", "imagepng"), "Choose a file of one of these types: image/*, .pdf"),
    ],
)
async def test_c6_limits_of_a_parameter(live: Live, way: Way, upload: File, error: str) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/files")
        await page.fill("text", "kept")
        await page.attach("photo", upload)
        await page.click("limited")
        assert journal == ([] if error else [[upload.name, []]])
        assert " ".join(page.texts("i")) == error
        assert page.value("text") == ("kept" if error else "")


@ways("SHN")
async def test_c6_limits_of_each_of_several(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/files")
        await page.attach("papers", File("a.html", b"x", "text/html"))
        await page.click("limited")
        assert (" ".join(page.texts("u")), journal) == ("Choose a file of one of these types: text/plain", [])


# C7, C8, C9: over plain HTTP


@pages.page("/text")
class Text(Page):
    template = "text.html"

    @action
    async def say(self, text: str = "") -> None:
        journal.append(text)

    @action(max_body=3 * 2**20)
    async def long(self, text: str) -> None:
        journal.append(len(text))

    @action(max_body=100)
    async def short(self, text: str) -> None:
        journal.append(text)


TEMPLATES["text.html"] = (
    '<title>T</title><form method="post" action="{{ say }}"><p>{{ say.error }}</p>'
    '<textarea name="text" aria-label="text"></textarea><button>say</button></form>'
    '<form method="post" action="{{ short }}"><em>{{ short.errors.text }}</em></form>'
)
URL_ENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
async def sender(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=live)
    headers = {"Origin": "http://testserver"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as http:
        yield http


async def state(http: httpx.AsyncClient, path: str = "/text") -> str:
    html = (await http.get(path)).text
    return html.split('name="_s" value="', 1)[1].split('"', 1)[0]


def multipart(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> bytes:
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts
    )
    return body + end


@pytest.mark.parametrize("kind", [URL_ENCODED, "multipart/form-data; boundary=b"])
async def test_c7_both_kinds_of_forms(sender: httpx.AsyncClient, kind: str) -> None:
    snapshot = await state(sender)
    body = f"_s={snapshot}&text=a%26%C3%A9".encode()
    if kind != URL_ENCODED:
        body = multipart(("_s", snapshot.encode()), ("text", "a&é".encode()))
    answer = await sender.post(address(sender, "/text", "say"), content=body, headers={"Content-Type": kind})
    assert (answer.status_code, journal) == (303, ["a&é"])


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"text=a", 415),
        ("application/json", b'{"text": "a"}', 415),
        ("", b"text=a", 415),
        ("nonsense", b"text=a", 415),
        ("multipart/form-data", multipart(("text", b"a")), 400),
        ("multipart/form-data; boundary=c", multipart(("text", b"a")), 400),
        ("multipart/form-data; boundary=b", multipart(("text", b"a"), end=b""), 400),
        ("multipart/form-data; boundary=b", multipart(("text", b"a"))[:-6], 400),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disp", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        (f"{URL_ENCODED}; charset=utf-16", b"text=a", 400),
        (f"{URL_ENCODED}; charset=latin1", b"text=%E9", 400),
        ("multipart/form-data; boundary=b; charset=latin1", multipart(("text", b"a")), 400),
    ],
)
async def test_c7_what_is_no_form(sender: httpx.AsyncClient, kind: str, body: bytes, status: int) -> None:
    answer = await sender.post(address(sender, "/text", "say"), content=body, headers={"Content-Type": kind})
    assert (answer.status_code, journal) == (status, [])


async def test_c7_a_body_that_is_shorter_than_announced(live: Live) -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"text=abc", "more_body": False}

    assert await status_of(live, receive, 100) == 400
    assert journal == []


async def test_c7_a_sender_that_goes_away(live: Live) -> None:
    messages: list[Any] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"text=abc", "more_body": True},
    ]

    async def receive() -> Any:
        return messages.pop()

    assert await status_of(live, receive, 100) == 400
    assert journal == []


async def status_of(live: Live, receive: Any, length: int) -> int:
    found: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    headers = {"host": "testserver", "origin": "http://testserver", "content-type": URL_ENCODED}
    raw = [
        (name.encode(), value.encode()) for name, value in {**headers, "content-length": str(length)}.items()
    ]
    query = f"_a={signed(live, '/text', 'say')}".encode()
    scope = {"type": "http", "method": "POST", "path": "/text", "query_string": query, "headers": raw}
    scope |= {"scheme": "http", "server": ("testserver", 80), "client": ("1.1.1.1", 1), "root_path": ""}
    await live({**scope, "asgi": {"version": "3.0"}, "http_version": "1.1"}, receive, send)
    return found[0]


@ways("SHN")
async def test_c8_a_long_text_arrives_whole(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/text")
        await page.fill("text", "é" * 100_000)
        await page.click("say")
        assert journal == ["é" * 100_000]


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [("a\0b", "a\ufffdb"), ("a\ud800b", "a\ufffdb"), ("\x01\x1b", "\x01\x1b"), ("\U0001f600", "\U0001f600")],
)
@ways("SHN")
async def test_c8_characters_that_are_none(live: Live, way: Way, sent: str, arrives: str) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/text")
        if page._tab.conversation is None:
            body = (
                f"_s={await in_page(browser)}&text=".encode() + quote(sent, errors="surrogatepass").encode()
            )
            await sent_raw(browser, body)
        else:
            page._tab.conversation.say(CALL_REF, signed(live, "/text", "say"), ["text", sent])
            await page._tab.settle()
        assert [re.sub("\ufffd+", "\ufffd", text) for text in journal] == [arrives]


def address(http: httpx.AsyncClient, path: str, name: str) -> str:
    """Where a form of the page at a path posts to."""
    transport = http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return f"{path}?_a={signed(transport.app, path, name)}"


async def sent_raw(browser: Browser, body: bytes, name: str = "say") -> int:
    headers = {"Origin": "http://testserver", "Content-Type": URL_ENCODED}
    transport = httpx.ASGITransport(app=browser.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        return (await http.post(address(http, "/text", name), content=body, headers=headers)).status_code


async def in_page(browser: Browser) -> str:
    *_, reply = await browser.request("GET", "http://testserver/text", [])
    return reply.text.split('name="_s" value="', 1)[1].split('"', 1)[0]


async def test_c8_bytes_that_are_no_utf_8(sender: httpx.AsyncClient) -> None:
    body = f"_s={await state(sender)}&text=%FF%00%ED%A0%80".encode()
    answer = await sender.post(
        address(sender, "/text", "short"), content=body, headers={"Content-Type": URL_ENCODED}
    )
    assert answer.status_code in (400, 413)
    answer = await sender.post(
        address(sender, "/text", "say"), content=body, headers={"Content-Type": URL_ENCODED}
    )
    assert answer.status_code in (303, 400)
    assert all("\0" not in text and text.isprintable() for text in journal)


async def post(http: httpx.AsyncClient, name: str, data: dict[str, Any]) -> int:
    return (await http.post(address(http, "/text", name), data={"_s": await state(http), **data})).status_code


async def test_c9_the_size_of_a_body(sender: httpx.AsyncClient) -> None:
    assert await post(sender, "say", {"text": "x" * 2**19}) == 303
    assert await post(sender, "say", {"text": "x" * 2**20}) == 413


async def test_c9_an_actions_own_size(sender: httpx.AsyncClient) -> None:
    assert await post(sender, "long", {"text": "x" * 2**21}) == 303
    assert await post(sender, "long", {"text": "x" * 3 * 2**20}) == 413
    assert await post(sender, "short", {"text": "x"}) == 413
    assert journal == [2**21]


@pytest.mark.slow
async def test_c9_the_number_of_fields(sender: httpx.AsyncClient) -> None:
    assert await post(sender, "say", {f"f{n}": "x" for n in range(1000)}) == 303
    assert await post(sender, "say", {f"f{n}": "x" for n in range(1001)}) in (400, 413)
    assert await post(sender, "say", {f"f{n}": "x" for n in range(100_000)}) in (400, 413)


async def test_c9_the_length_of_a_name(sender: httpx.AsyncClient) -> None:
    assert await post(sender, "say", {"n" * 200: "x"}) == 303
    assert await post(sender, "say", {"n" * 201: "x"}) == 400


def files(count: int, size: int = 1, name: str = "more") -> list[Any]:
    return [(name, (f"{n}.txt", b"x" * size, "text/plain")) for n in range(count)]


async def test_c9_the_number_of_files(sender: httpx.AsyncClient) -> None:
    for count, statuses in [(20, (303,)), (21, (400, 413))]:
        parts = [("_s", (None, await state(sender, "/files"))), *files(count)]
        assert (await sender.post(address(sender, "/files", "send"), files=parts)).status_code in statuses
    assert [len(sent) for sent in journal] == [20]


async def test_c9_files_have_limits_of_their_own() -> None:
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys="a key that is long enough for all of it", limits=Limits(upload=2**21))
    live.include(pages)
    transport = httpx.ASGITransport(app=live)
    headers = {"Origin": "http://testserver"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as http:
        for name, size, status in [
            ("one", 2**21, 303),  # more than a body without files may have
            ("one", 2**21 + 1, 422),
            ("more", 2**21 + 1, 422),
            ("one", 50 * 2**20, 413),
        ]:
            parts = [("_s", (None, await state(http, "/files"))), *files(1, size, name)]
            assert (await http.post(address(http, "/files", "send"), files=parts)).status_code == status
        parts = [("_s", (None, await state(http))), *files(1, 2**21, "text")]
        assert (
            await http.post(address(http, "/text", "say"), files=parts)
        ).status_code == 413  # which takes no files
    assert len(journal) == 1


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ('<input type="file" name="one">', True),
        ("<p><input name=one type = FILE></p>", True),
        ("{% for n in [1] %}<p><input type='file' name='more'></p>{% endfor %}", True),
        ("{% if true %}<input type=file name=one>{% endif %}", True),
        ('<input name="type" value="file">', False),
        ("<input type='text' title='a file'>", False),
    ],
)
async def test_c6_a_form_with_files_says_so_by_itself(field: str, written: bool) -> None:
    template = f'<title>F</title><form action="{{{{ send }}}}">{field}<button>send</button></form>'
    async with Browser(small_app(pages, {"files.html": template}), js=False) as browser:
        page = await browser.open("/files")
        assert ('enctype="multipart/form-data"' in page.html) is written


@ways("SHN")
async def test_c9_an_action_that_takes_little(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/text")
        if page._tab.conversation is None:
            body = f"_s={await in_page(browser)}&text={'x' * 200}".encode()
            assert await sent_raw(browser, body, "short") == 413
        else:
            page._tab.conversation.say(CALL_REF, signed(live, "/text", "short"), ["text", "x" * 200])
            with pytest.raises(Failed) as failed:
                await page._tab.settle()
            assert failed.value.status == 413
        assert journal == []


@ways("SH")
@pytest.mark.parametrize("fields", [["n" * 201, "x"], ["text", "x"] * 1001])
async def test_c9_limits_of_an_op(live: Live, way: Way, fields: list[str]) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/text")
        assert page._tab.conversation is not None
        page._tab.conversation.say(CALL_REF, signed(live, "/text", "say"), fields)
        with pytest.raises((Failed, Closed)):
            await page._tab.settle()
        assert journal == []


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("body", "1mb", TypeError),
        ("body", -1, ValueError),
        ("body", 1e6, TypeError),
        ("files", True, TypeError),
        ("action", "30", TypeError),
        ("idle", 0, ValueError),
        ("ops_per_second", float("nan"), ValueError),
    ],
)
def test_limits_are_checked(setting: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{setting}={value!r}"):
        Limits(**{setting: value})


@pytest.mark.parametrize("value", [inf, -inf, nan, -1, True, None], ids=repr)
def test_no_limit_is_infinite_negative_or_no_number(value: Any) -> None:
    for one in fields(Limits):
        with pytest.raises((TypeError, ValueError), match=f"^{one.name}={value!r}: "):
            Limits(**{one.name: value})


@pytest.mark.parametrize(
    ("options", "error"),
    [({"max_size": "1mb"}, TypeError), ({"max_size": -1}, ValueError), ({"types": ".png"}, TypeError)],
)
def test_limits_of_files_are_checked(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{next(iter(options))}="):
        file(**options)
