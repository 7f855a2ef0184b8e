"""Random templates and states, as in tests/template, patched by the real client in a real browser."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from playwright.sync_api import Page

from liveactions.html.entities import neutralise
from liveactions.pages.page_html import hidden_field
from tests.client.conftest import browser_spelling, play_vectors
from tests.templates.grammar import states, templates
from tests.templates.moments import compiled, frames, plain_pages
from tests.templates.test_plan import Call

BATCH = 50
Case = tuple[dict[str, str], list[dict[str, Any]]]


def looks(html: str) -> str:
    """A page without the ``tbody`` that the compiler writes into empty tables too."""
    return html.replace("<tbody>", "").replace("</tbody>", "")


def generate(number: int, start: int) -> list[Case]:
    """Random cases, the same for the same start."""
    cases: list[Case] = []

    @seed(start)
    @settings(
        max_examples=number, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(templates(), states())
    def collect(sources: dict[str, str], moments: list[dict[str, Any]]) -> None:
        cases.append((sources, moments))

    collect()
    return cases


def test_client_patches_as_jinja_renders(vector_page: Page, request: pytest.FixtureRequest) -> None:
    start = secrets.randbits(32) if request.config.getoption("--random") else 1
    cases = generate(request.config.getoption("--cases"), start)
    for first in range(0, len(cases), BATCH):
        batch = cases[first : first + BATCH]
        played = play_vectors(vector_page, [frames(compiled(sources), moments) for sources, moments in batch])
        expected = browser_spelling(vector_page, [neutralise(plain_pages(*case)[-1]) for case in batch])
        for case, found, wanted in zip(batch, played, expected, strict=True):
            assert looks(found) == looks(wanted), f"seed {start}: {case}"


@pytest.mark.parametrize(
    "content",
    [
        "{% for x in xs %}<button>{{ x }}</button>{% endfor %}",
        "{% for x in xs %}{% if x %}<button>{{ x }}</button>{% endif %}{% endfor %}",
        "{% if xs[1:] %}<button>{{ xs|join }}</button>{% endif %}",
        "{{ xs|join }}",
    ],
    ids=["elements", "ranges", "if", "text"],
)
def test_a_form_whose_whole_content_changes_keeps_its_state(vector_page: Page, content: str) -> None:
    """The hidden field with the state is none of what the template's parts have written."""
    sources = {"page": f'<body><form id="f" action="{{{{ save }}}}">{content}</form></body>'}
    moments = [{"save": Call("/?_a=save"), "xs": xs} for xs in ("abc", "bc", "b", "ab")]
    view = compiled(sources)
    html, sent = frames(view, moments, hidden_field("state"))
    for number in range(1, len(moments)):
        [played] = play_vectors(vector_page, [(html, sent[:number])])
        assert vector_page.evaluate("document.forms.f._s.value") == "state"
        [wanted] = browser_spelling(vector_page, [frames(view, [moments[number]])[0]])
        assert played == wanted
