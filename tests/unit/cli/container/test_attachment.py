"""attach: streams held against a scripted engine."""

from pathlib import Path
from typing import Any

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine, frame, streaming

from pier.cli.container.attach import ATTACH
from pier.cli.container.attachment import detach_keys
from pier.cli.errors import CliError
from pier.cli.parser import read_command
from pier.cli.session import Session


def details(**state: bool) -> dict[str, Any]:
    return {
        "Id": "cc",
        "State": {"Running": True, "Paused": False, "Restarting": False, **state},
        "Config": {"Tty": False, "OpenStdin": False},
        "HostConfig": {"AutoRemove": False},
    }


def test_attach_shows_the_output_and_ends_as_the_container(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/c/json", details())
    engine.answer("POST", "/containers/cc/wait", {"StatusCode": 4})
    engine.routes["POST", "/containers/cc/attach"] = streaming(frame(1, b"o") + frame(2, b"e"))
    assert pier("attach", "c") == (4, "o", "e")


@pytest.mark.parametrize(
    ("state", "word"),
    [({"Running": False}, "stopped"), ({"Paused": True}, "paused"), ({"Restarting": True}, "restarting")],
)
def test_what_cannot_be_attached(engine: HttpEngine, pier: Pier, state: dict[str, bool], word: str) -> None:
    engine.answer("GET", "/containers/c/json", details(**state))
    code, _, err = pier("attach", "c")
    assert code == 1
    assert f"cannot attach to a {word} container" in err


def test_detach_keys_come_from_the_flag_the_configuration_or_habit(tmp_path: Path) -> None:
    session = Session(environ={"HOME": str(tmp_path)})
    assert detach_keys(session, read_command(ATTACH, ["c"])[0]) == b"\x10\x11"
    assert detach_keys(session, read_command(ATTACH, ["--detach-keys", "ctrl-a", "c"])[0]) == b"\x01"
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text('{"detachKeys": "ctrl-b,x"}')
    session = Session(environ={"HOME": str(tmp_path)})
    assert detach_keys(session, read_command(ATTACH, ["c"])[0]) == b"\x02x"
    (tmp_path / ".docker/config.json").write_text('{"detachKeys": "nonsense"}')
    with pytest.raises(CliError, match="invalid detach keys"):
        detach_keys(Session(environ={"HOME": str(tmp_path)}), read_command(ATTACH, ["c"])[0])
