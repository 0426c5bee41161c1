"""`logs`, with both clients."""

import json
import threading
from pathlib import Path

import pytest
from support.cli import Cli
from support.engine import Completed, Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def run_to_end(engine: Engine, image: str, name: str, script: str, *options: str) -> None:
    """Runs a script in the background and waits for its end."""
    engine.docker("run", "-d", "--name", name, *options, image, "sh", "-c", script).check()
    engine.docker("wait", name).check()


def test_logs_of_an_ended_container_are_all_there_by_stream(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "done", "echo one; echo two >&2; echo three")
    done = cli("logs", "done").check()
    assert (done.stdout, done.stderr) == ("one\nthree\n", "two\n")


def test_tail_gives_the_last_lines(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "many", "seq 1 1000")
    assert cli("logs", "--tail", "3", "many").check().lines == ["998", "999", "1000"]
    assert cli("logs", "--tail", "0", "many").check().stdout == ""
    assert len(cli("logs", "many").check().lines) == 1000


def test_timestamps_are_rfc3339_with_nanoseconds_and_since_cuts(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "timed", "echo first; sleep 0.2; echo second")
    lines = cli("logs", "--timestamps", "timed").check().lines
    first, second = (line.split(" ", 1) for line in lines)
    assert (first[1], second[1]) == ("first", "second")
    assert len(first[0]) == len("2025-01-01T00:00:00.000000000Z")
    assert first[0] < second[0]
    assert cli("logs", "--since", second[0], "timed").check().stdout == "second\n"
    assert cli("logs", "--until", first[0], "timed").check().stdout == "first\n"


def test_follow_gives_lines_as_they_come_and_ends_with_the_container(cli: Cli, image: str, engine: Engine) -> None:
    script = "echo early; while [ ! -e /go ]; do sleep 0.05; done; echo late"
    engine.docker("run", "-d", "--name", "live", image, "sh", "-c", script).check()
    result: list[Completed] = []
    following = threading.Thread(target=lambda: result.append(cli("logs", "--follow", "live")))
    following.start()
    with cli.on_terminal("logs", "-f", "live") as terminal:
        terminal.expect("early")
        engine.docker("exec", "live", "touch", "/go")
        terminal.expect("late")
        assert terminal.wait() == 0
    following.join(30)
    assert result[0].check().stdout == "early\nlate\n"


def test_logs_follow_can_be_interrupted(cli: Cli, image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "endless", image, "sh", "-c", "echo up; sleep 300").check()
    with cli.on_terminal("logs", "-f", "endless") as terminal:
        terminal.expect("up")
        terminal.send("\x03")
        assert terminal.wait() != 0


def test_output_of_a_terminal_is_logged_raw(cli: Cli, image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "-t", "--name", "tty", image, "sh", "-c", "echo out; echo err >&2").check()
    engine.docker("wait", "tty").check()
    assert cli("logs", "tty").check().stdout.replace("\r\n", "\n") == "out\nerr\n"


def test_the_last_line_without_newline_is_kept(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "cut", "printf 'no newline'")
    assert cli("logs", "cut").check().stdout == "no newline"


def test_a_line_longer_than_the_buffer_comes_back_whole(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "long", "head -c 100000 /dev/zero | tr '\\0' x; echo")
    assert cli("logs", "long").check().stdout == "x" * 100000 + "\n"


def test_bytes_that_are_no_utf8_do_not_break_the_log(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "bytes", "printf 'a\\377b\\n'; echo next")
    assert cli("logs", "bytes").check().lines[-1] == "next"


def test_log_file_is_json_lines_at_log_path(image: str, engine: Engine) -> None:
    run_to_end(engine, image, "file", "echo 'a <b> & \"c\"'; echo e >&2")
    path = Path(engine.call("GET", "/containers/file/json").json()["LogPath"])
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((entry["stream"], entry["log"]) for entry in entries) == [
        ("stderr", "e\n"),
        ("stdout", 'a <b> & "c"\n'),
    ]
    assert all(entry["time"].endswith("Z") for entry in entries)


def test_all_of_a_fast_writers_lines_are_in_the_log(image: str, engine: Engine) -> None:
    run_to_end(engine, image, "fast", "seq 1 300000")
    assert engine.docker("logs", "fast").check().stdout == "".join(f"{n}\n" for n in range(1, 300001))


def test_driver_none_keeps_nothing_and_says_so(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "quiet", "echo x", "--log-driver", "none")
    done = cli("logs", "quiet")
    assert done.code == 1
    assert "does not support reading" in done.stderr


def test_logs_go_on_after_a_second_start(cli: Cli, image: str, engine: Engine) -> None:
    run_to_end(engine, image, "twice", "echo run")
    engine.docker("start", "twice").check()
    engine.docker("wait", "twice").check()
    wait_for(lambda: cli("logs", "twice").stdout == "run\nrun\n", what="both runs in the log")


def test_logs_need_a_stream(engine: Engine, image: str) -> None:
    run_to_end(engine, image, "none", "true")
    assert engine.call("GET", "/containers/none/logs").status == 400
