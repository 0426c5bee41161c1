from typing import Any

import pytest

from pier.cli.errors import CliError
from pier.cli.render.progress import ProgressView, progress_text

MESSAGES: list[dict[str, Any]] = [
    {"status": "Pulling from x", "id": "latest"},
    {"status": "Downloading", "id": "aa", "progressDetail": {"current": 50, "total": 100}},
    {"status": "Download complete", "id": "aa", "progressDetail": {}},
    {"status": "Status: Downloaded newer image for x"},
]


def shown(width: int, messages: list[dict[str, Any]] = MESSAGES) -> str:
    parts: list[str] = []
    ProgressView(parts.append, width).show_all(messages)
    return "".join(parts)


def test_without_a_terminal_bars_are_left_out() -> None:
    assert shown(0) == "latest: Pulling from x\naa: Download complete\nStatus: Downloaded newer image for x\n"


def test_on_a_terminal_each_layer_has_its_line() -> None:
    text = shown(80)
    assert "aa: Downloading      50B/100B\n" in text
    assert "\x1b[1A\x1b[2K\raa: Download complete\r\x1b[1B" in text


def test_the_line_of_an_older_layer_is_reached_by_going_up() -> None:
    messages = [{"status": "Waiting", "id": name} for name in "abc"] + [{"status": "Done", "id": "a"}]
    assert shown(80, messages).endswith("\x1b[3A\x1b[2K\ra: Done\r\x1b[3B")


def test_wide_terminals_get_a_bar() -> None:
    assert progress_text({"current": 50, "total": 100}, 120) == f"[{'=' * 25}>{' ' * 25}]      50B/100B"
    assert progress_text({"current": 7, "units": "s"}, 80) == "7s"
    assert progress_text({"current": 2000}, 80).strip() == "2kB"
    assert progress_text({}, 80) == ""


def test_an_error_in_the_stream_ends_it() -> None:
    with pytest.raises(CliError, match="no space left"):
        shown(0, [{"errorDetail": {"message": "no space left"}, "error": "no space left"}])


def test_plain_texts_pass() -> None:
    assert shown(0, [{"stream": "Loaded image: x\n"}, {"aux": {}}]) == "Loaded image: x\n"


def test_layers_that_move_together_have_a_total() -> None:
    messages: list[dict[str, Any]] = [
        {"status": "Downloading", "id": name, "progressDetail": {"current": 10, "total": 100}} for name in "ab"
    ]
    messages += [
        {"status": "Download complete", "id": "a", "progressDetail": {}},
        {"status": "Digest: sha256:1"},
        {"status": "Waiting", "id": "c"},
    ]
    text = shown(80, messages)
    assert "Total: 20B/200B" in text
    assert "\x1b[1A\x1b[2K\rTotal: 110B/200B" in text
    assert text.endswith("Digest: sha256:1\nc: Waiting\n")
    assert "Total" not in shown(0, messages)
