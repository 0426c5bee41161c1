"""`logs`, with both clients."""

import json
import socket
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


# Two lines of one moment may get one time, and those of two pipes either order: one waits until the other is logged.
GO = "while [ ! -e /go ]; do sleep 0.02; done"


def run_in_turn(engine: Engine, image: str, name: str, first: str, second: str, *options: str) -> None:
    """Runs two scripts, the second once the log has something of the first, and waits for the end."""
    engine.docker("run", "-d", "--name", name, *options, image, "sh", "-c", f"{first}; {GO}; {second}").check()
    log = f"/containers/{name}/logs?stdout=1&stderr=1"
    wait_for(lambda: engine.call("GET", log).body, what="the first line is in the log")
    engine.docker("exec", "-d", name, "touch", "/go").check()
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
    run_in_turn(engine, image, "timed", "echo first", "echo second")
    lines = cli("logs", "--timestamps", "timed").check().lines
    first, second = (line.split(" ", 1) for line in lines)
    assert (first[1], second[1]) == ("first", "second")
    assert len(first[0]) == len("2025-01-01T00:00:00.000000000Z")
    assert first[0] < second[0]
    assert cli("logs", "--since", second[0], "timed").check().stdout == "second\n"
    assert cli("logs", "--until", first[0], "timed").check().stdout == "first\n"


def test_follow_gives_lines_as_they_come_and_ends_with_the_container(cli: Cli, image: str, engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "live", image, "sh", "-c", f"echo early; {GO}; echo late").check()
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


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_reading_and_following_over_many_rotations_loses_and_repeats_nothing(
    image: str, engine: Engine, driver: str
) -> None:
    options = ("--log-driver", driver, *("--log-opt", "max-size=40k"), *("--log-opt", "max-file=200"))
    compress = ("--log-opt", "compress=true")
    script = "for n in $(seq 1 20); do seq $((n * 1000)) $((n * 1000 + 999)); sleep 0.02; done"
    expected = [str(n) for n in range(1000, 21000)]
    engine.docker("create", "--name", driver, *options, *compress, image, "sh", "-c", script).check()
    engine.call("POST", f"/containers/{driver}/start")
    assert engine.docker("logs", "--follow", driver).check().lines == expected
    folder = engine.data_root / "containers" / engine.call("GET", f"/containers/{driver}/json").json()["Id"]
    assert len(list(folder.rglob("*.gz"))) > 5
    assert engine.docker("logs", driver).check().lines == expected
    assert engine.docker("logs", "--tail", "7000", driver).check().lines == expected[-7000:]


def test_the_local_driver_keeps_bytes_streams_and_times(cli: Cli, image: str, engine: Engine) -> None:
    last = "echo err >&2; printf end"  # a line without its end is logged last of all, when nothing more can come
    run_in_turn(engine, image, "local", "printf 'a\\377\\n'", last, "--log-driver", "local")
    done = cli("logs", "local").check()
    assert (done.stdout, done.stderr) == ("a\udcff\nend", "err\n")
    shown = engine.call("GET", "/containers/local/json").json()
    assert (shown["LogPath"], shown["HostConfig"]["LogConfig"]) == ("", {"Type": "local", "Config": {}})
    stamp = cli("logs", "--timestamps", "--tail", "1", "local").check().stdout.split(" ")[0]
    assert cli("logs", "--since", stamp, "local").check().stdout == "end"
    assert cli("logs", "--details", "--tail", "1", "local").check().stdout == " end"
    assert (engine.data_root / "containers" / shown["Id"] / "local-logs" / "container.log").stat().st_size > 0


def test_a_local_log_outlives_a_killed_pierd(image: str, engine: Engine) -> None:
    script = f"seq 1 1000; {GO}; seq 1001 2000"
    engine.docker("run", "-d", "--name", "killed", "--log-driver", "local", image, "sh", "-c", script).check()
    wait_for(lambda: len(engine.docker("logs", "killed").lines) == 1000, what="the first lines")
    engine.kill()
    engine.start()
    engine.docker("exec", "-d", "killed", "touch", "/go").check()
    engine.docker("wait", "killed").check()
    assert engine.docker("logs", "killed").check().lines == [str(n) for n in range(1, 2001)]


def test_a_bad_option_of_the_local_driver_is_400(image: str, engine: Engine) -> None:
    body = {"Image": image, "HostConfig": {"LogConfig": {"Type": "local", "Config": {"tag": "x"}}}}
    answer = engine.call("POST", "/containers/create", body)
    assert (answer.status, answer.message) == (400, "unknown log opt 'tag' for log driver local")


def test_the_syslog_driver_hands_lines_on_and_keeps_them(cli: Cli, image: str, engine: Engine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"syslog-address=udp://127.0.0.1:{server.getsockname()[1]}"
        options = ("--log-driver", "syslog", "--log-opt", address, "--log-opt", "tag={{.Name}}")
        run_in_turn(engine, image, "told", "echo one", "echo err >&2", *options)
        got = [server.recv(1000) for _ in range(2)]
    assert [message.partition(b">")[0] for message in got] == [b"<30", b"<27"]  # daemon.info, daemon.err
    assert [message.partition(b": ")[2] for message in got] == [b"one", b"err"]
    assert b" told[" in got[0]
    done = cli("logs", "told").check()
    assert (done.stdout, done.stderr) == ("one\n", "err\n")


def test_a_log_that_is_handed_on_need_not_be_kept(cli: Cli, image: str, engine: Engine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"syslog-address=udp://127.0.0.1:{server.getsockname()[1]}"
        options = ("--log-driver", "syslog", "--log-opt", address, "--log-opt", "cache-disabled=true")
        run_to_end(engine, image, "told", "seq 1 300000; echo last", *options)
        assert server.recv(1000).endswith(b": 1")
    done = cli("logs", "told")
    assert (done.code, done.stdout) == (1, "")
    assert "configured logging driver does not support reading" in done.stderr
    path = Path(engine.docker("inspect", "--format", "{{.Id}}", "told").check().last)
    files = list((engine.data_root / "containers" / path).glob("*log*"))
    assert sum(file.stat().st_size for file in files) < 2_000_000


def test_a_syslog_that_is_away_holds_nothing_back(cli: Cli, image: str, engine: Engine) -> None:
    options = ("--log-driver", "syslog", "--log-opt", "syslog-address=tcp://127.0.0.1:1")
    run_to_end(engine, image, "alone", "seq 1 100000", *options)
    assert len(cli("logs", "alone").check().lines) == 100000


def test_lines_are_handed_on_by_the_next_pierd_too(image: str, engine: Engine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"syslog-address=udp://127.0.0.1:{server.getsockname()[1]}"
        options = ("--log-driver", "syslog", "--log-opt", address)
        engine.docker(
            "run", "-d", "--name", "box", *options, image, "sh", "-c", f"echo first; {GO}; echo second"
        ).check()
        assert server.recv(1000).endswith(b": first")
        engine.kill()
        engine.start()
        engine.docker("exec", "-d", "box", "touch", "/go").check()
        while not (told := server.recv(1000)).endswith(b": second"):
            assert told.endswith(b": first")  # what a killed pierd has sent last may be sent again
    engine.docker("wait", "box").check()
    assert engine.docker("logs", "box").check().lines == ["first", "second"]
