"""What runs in the page: media, frames, animations."""

from __future__ import annotations

import base64
import io
import wave

import pytest

from tests.chromium.stage import Stage


def silence(seconds: int) -> str:
    """The address of a sound of nothing."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000 * seconds)
    return f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"


PLAYING = "[t.paused, t.ended, stops, t.currentTime > 0]"
COUNT_STOPS = "window.stops = 0; for (const type of ['pause', 'emptied', 'abort']) t.addEventListener(type, () => stops++);"


def test_audio_plays_on(stage: Stage) -> None:
    tab = stage.open('<audio id="t" controls class="{{ mood }}" title="{{ inside }}"></audio>')
    tab.evaluate(f"src => {{ t.muted = true; t.src = src; {COUNT_STOPS} return t.play(); }}", silence(60))
    tab.wait_for_function("t.currentTime > 0")
    tab.evaluate("stops = 0")
    for _ in stage.pushes():
        assert tab.evaluate(PLAYING) == [False, False, 0, True]


def test_video_plays_on(stage: Stage) -> None:
    tab = stage.open('<video id="t" class="{{ mood }}" title="{{ inside }}" muted></video>')
    tab.evaluate(
        f"""() => {{
          window.canvas = document.createElement("canvas");
          const context = canvas.getContext("2d");
          window.drawing = setInterval(() => context.fillRect(Math.random() * 100, 0, 10, 10), 20);
          t.srcObject = canvas.captureStream();
          {COUNT_STOPS}
          return t.play();
        }}"""
    )
    tab.wait_for_function("t.currentTime > 0")
    for _ in stage.pushes():
        assert tab.evaluate(PLAYING) == [False, False, 0, True]


def test_a_frame_stays_loaded(stage: Stage) -> None:
    frame = '<iframe id="t" class="{{ mood }}" title="{{ inside }}" srcdoc="<input id=i>"></iframe>'
    tab = stage.open(frame)
    tab.wait_for_function("!!t.contentWindow?.i")
    tab.evaluate(
        "t.contentWindow.i.value = 'typed'; window.loads = 0; t.addEventListener('load', () => loads++)"
    )
    for _ in stage.pushes():
        assert tab.evaluate("[loads, t.contentWindow.i?.value]") == [0, "typed"]


@pytest.mark.parametrize("kind", ["animation", "transition"])
def test_animations_run_on(stage: Stage, kind: str) -> None:
    rules = {
        "animation": "@keyframes turn { to { rotate: 1turn } } #t { animation: turn 60s infinite }",
        "transition": "#t { transition: opacity 60s } #t.begun { opacity: 0 }",
    }
    tab = stage.open(f'<style>{rules[kind]}</style><p id="t" title="{{{{ mood }}}}">{{{{ inside }}}}</p>')
    tab.evaluate(
        "getComputedStyle(t).opacity; t.classList.add('begun'); window.running = t.getAnimations()[0]"
    )
    assert tab.evaluate("running.playState") == "running"
    for _ in stage.pushes():
        assert tab.evaluate(
            "[t.getAnimations().length, t.getAnimations()[0] === running, running.playState]"
        ) == [
            1,
            True,
            "running",
        ]


def test_the_server_begins_a_transition(stage: Stage) -> None:
    """A change of a class is a change of the same element, not another element that has it from the start."""
    style = "<style>#t { transition: opacity 60s } #t.glad { opacity: 0 }</style>"
    tab = stage.open(style + '<p id="t" class="{{ mood }}">{{ inside }}</p>')
    tab.evaluate("getComputedStyle(t).opacity")
    stage.push(mood="glad")
    assert tab.evaluate("[t.getAnimations().length, getComputedStyle(t).opacity > 0.5]") == [1, True]


def test_a_canvas_keeps_what_was_drawn(stage: Stage) -> None:
    tab = stage.open(
        '<canvas id="t" class="{{ mood }}" title="{{ inside }}" width="10" height="10"></canvas>'
    )
    tab.evaluate("t.getContext('2d').fillRect(0, 0, 10, 10)")
    for _ in stage.pushes():
        assert tab.evaluate("t.getContext('2d').getImageData(5, 5, 1, 1).data[3]") == 255
