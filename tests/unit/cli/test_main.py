import subprocess
import sys
from pathlib import Path

import pytest
from fakes.http_engine import HttpEngine

from pier.cli import main as main_module
from pier.cli.main import run
from pier.cli.session import Session

SLOW = {
    "typer",
    "rich",
    "click",
    "ssl",
    "asyncio",
    "grpc",
    "re",
    "json",
    "typing",
    "dataclasses",
    "socket",
    "threading",
}


def test_ps_imports_nothing_slow(engine: HttpEngine) -> None:
    engine.answer("GET", "/containers/json", [])
    program = (
        "import sys; before = set(sys.modules)\n"
        "from pier.cli.main import run\n"
        "code = run(['ps'])\n"
        "print(code, *sorted(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    table, code, *imported = done.stdout.splitlines()
    assert table.startswith("CONTAINER ID   IMAGE")
    assert code == "0"
    assert not SLOW & {name.partition(".")[0] for name in imported}


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["foo"], 1, "pier: unknown command: pier foo\n\nRun 'pier --help' for more information\n"),
        (["container", "foo"], 1, "pier: unknown command: pier container foo\n\nUsage:  pier container\n\n"),
        (["build", "."], 1, "pier: 'build' is not supported yet\n"),
        (["builder", "prune"], 1, "pier: 'builder prune' is not supported yet\n"),
        (["rm"], 1, "pier: 'pier rm' requires at least 1 argument\n\nUsage:  pier rm [OPTIONS] CONTAINER"),
        (["port"], 1, "pier: 'pier port' requires at least 1 and at most 2 arguments\n\nUsage:  pier port CONTAINER"),
        (["ps", "x"], 1, "pier: 'pier ps' accepts no arguments\n"),
        (["run", "--x", "i"], 125, "unknown flag: --x\n\nUsage:  pier run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun"),
        (
            ["--nope", "ps"],
            125,
            "unknown flag: --nope\n\nUsage:  pier [OPTIONS] COMMAND [ARG...]\n\n"
            "Run 'pier --help' for more information\n",
        ),
        (["-H", "a", "-H", "b", "ps"], 125, "specify only one -H"),
        (["--context", "x", "-H", "a", "ps"], 1, "conflicting options: cannot specify both --host and --context"),
        (["-H", "https://x", "ps"], 1, "https:// addresses are not supported yet"),
        (["-H", "unix:///nope", "ps"], 1, "Cannot connect to the Pier daemon at unix:///nope. Is pierd running?\n"),
        (["-H", "unix:///nope", "run", "x"], 125, "pier: Cannot connect to the Pier daemon at unix:///nope."),
    ],
)
def test_wrong_lines(
    engine: HttpEngine, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, text: str
) -> None:
    assert run(argv) == code
    assert capsys.readouterr().err.startswith(text)


@pytest.mark.parametrize(("argv", "pointer"), [(["rm"], "See"), (["rm", "--nope"], "Run"), (["rename", "a"], "Run")])
def test_the_pointer_to_help_has_docker_s_verb(
    capsys: pytest.CaptureFixture[str], argv: list[str], pointer: str
) -> None:
    run(argv)
    assert capsys.readouterr().err.endswith(f"\n\n{pointer} 'pier {argv[0]} --help' for more information\n")


def test_an_engine_s_refusal_is_shown_as_docker_shows_it(
    engine: HttpEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.answer("GET", "/containers/json", {"message": "invalid filter 'foo'"}, 400)
    assert run(["ps", "-f", "foo=bar"]) == 1
    assert capsys.readouterr().err == "Error response from daemon: invalid filter 'foo'\n"


def test_version_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("Pier version ")


@pytest.mark.parametrize("argv", [[], ["--help"], ["help"], ["container"], ["ps", "--help"], ["help", "ps"]])
def test_help_is_success(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(argv) == 0
    assert "Usage: pier" in capsys.readouterr().out


def test_hosts_in_order_of_precedence(engine: HttpEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.answer("GET", "/containers/json", [])
    monkeypatch.setenv("DOCKER_HOST", "unix:///nope")
    assert run(["ps"]) == 1
    monkeypatch.setenv("PIER_HOST", engine.address)
    assert run(["ps"]) == 0
    monkeypatch.setenv("PIER_HOST", "unix:///nope")
    assert run(["--host", engine.address, "ps"]) == 0


def test_ctrl_c_is_130_and_a_fault_names_itself(
    engine: HttpEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Session | list[str] | str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "_run_command", interrupted)
    assert run(["ps"]) == 130

    def broken(*_: Session | list[str] | str) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(main_module, "_run_command", broken)
    assert run(["ps"]) == 1
    assert "RuntimeError: boom" in capsys.readouterr().err
    assert run(["-D", "ps"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_crash(engine: HttpEngine) -> None:
    engine.answer("GET", "/containers/json", [])
    program = "from pier.cli.main import main; import sys; sys.argv = ['pier', 'ps']; main()"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(60) in (0, 1)
    assert process.stderr.read() == b""
    process.stderr.close()
