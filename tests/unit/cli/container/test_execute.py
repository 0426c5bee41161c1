from pathlib import Path

from fakes.cli import Pier
from fakes.http_engine import HttpEngine, frame, streaming


def test_exec_has_the_command_s_code(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("F=1\n")
    engine.answer("POST", "/containers/c/exec", {"Id": "e"}, 201)
    engine.routes["POST", "/exec/e/start"] = streaming(frame(1, b"hi\n"))
    engine.answer("GET", "/exec/e/json", {"ExitCode": 9, "Running": False})
    argv = ("exec", "-e", "A=1", "--env-file", str(tmp_path / "env"), "-u", "me", "-w", "/w", "c", "ls", "-l")
    assert pier(*argv) == (9, "hi\n", "")
    assert engine.last("POST", "/containers/c/exec").json == {
        "User": "me",
        "Privileged": False,
        "Tty": False,
        "AttachStdin": False,
        "AttachStderr": True,
        "AttachStdout": True,
        "DetachKeys": "",
        "Env": ["F=1", "A=1"],
        "WorkingDir": "/w",
        "Cmd": ["ls", "-l"],
        "Detach": False,
    }
    assert engine.last("POST", "/exec/e/start").json == {"Detach": False, "Tty": False}


def test_detached_exec(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/c/exec", {"Id": "e"}, 201)
    engine.answer("POST", "/exec/e/start", None)
    assert pier("exec", "-d", "c", "ls") == (0, "", "")
    assert engine.last("POST", "/exec/e/start").json == {"Detach": True, "Tty": False}


def test_a_refused_exec_is_1(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/c/exec", {"message": "container c is not running"}, 409)
    assert pier("exec", "c", "ls") == (1, "", "Error response from daemon: container c is not running\n")
