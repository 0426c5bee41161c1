"""Two engines on one host, and two on one root."""

import os
import stat
from collections.abc import Callable

import pytest
from conftest import load_image
from support.engine import Engine, run
from support.facilities import find_docker_cli
from support.fetch import fetch, free_port
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

SERVE = ["sh", "-c", "mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www"]


def test_two_engines_do_not_see_each_other(engine: Engine, new_engine: Callable[..., Engine], image: str) -> None:
    other = new_engine().start()
    load_image(other)
    ports = {}
    for one in (engine, other):
        ports[one.name] = free_port()
        options = ["--name", "same-name", "--hostname", one.name, "-p", f"{ports[one.name]}:80"]
        one.docker("run", "-d", *options, image, *SERVE).check()
    for one in (engine, other):
        page = wait_for(lambda one=one: fetch("127.0.0.1", ports[one.name]), what="the page")  # type: ignore[misc]
        assert page.strip() == one.name
        assert len(one.container_ids()) == 1
    other.docker("rm", "-f", "same-name").check()
    assert engine.call("GET", "/containers/same-name/json").json()["State"]["Running"] is True
    assert fetch("127.0.0.1", ports[engine.name]).strip() == engine.name
    assert other.stop() == 0
    assert fetch("127.0.0.1", ports[engine.name]).strip() == engine.name


def test_a_second_pierd_on_the_same_root_is_refused_and_harms_nothing(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "kept", image, "sleep", "100").check()
    second = Engine(engine.containerd, ["--data-root", str(engine.data_root)])
    try:
        process = second.spawn()
        assert process.wait(30) not in (0, None)
        text = second.tail()
        assert str(engine.data_root) in text
        assert "Traceback" not in text
    finally:
        second.log.unlink(missing_ok=True)
        second.destroy()
    assert engine.call("GET", "/containers/kept/json").json()["State"]["Running"] is True


def test_a_second_pierd_on_the_same_namespace_is_refused(engine: Engine) -> None:
    second = Engine(engine.containerd, ["--containerd-namespace", engine.namespace])
    try:
        assert second.spawn().wait(30) not in (0, None)
        assert engine.namespace in second.tail()
    finally:
        second.destroy()
    assert engine.answers()


@pytest.mark.parametrize(
    "flags",
    [["--bip", "nonsense"], ["--log-driver", "nonsense"], ["--host", "ftp://x"], ["--config-file", "/no/such/file"]],
    ids=lambda flags: flags[0],
)
def test_bad_flags_end_pierd_with_a_sentence(new_engine: Callable[..., Engine], flags: list[str]) -> None:
    bad = new_engine(*flags)
    assert bad.spawn().wait(30) not in (0, None)
    assert flags[1] in bad.tail()
    assert "Traceback" not in bad.tail()


def test_an_unknown_key_in_the_configuration_file_is_refused(new_engine: Callable[..., Engine]) -> None:
    bad = new_engine()
    bad.data_root.mkdir(parents=True)
    path = bad.data_root / "daemon.json"
    path.write_text('{"no-such-key": 1}')
    bad.flags = ["--config-file", str(path)]
    assert bad.spawn().wait(30) not in (0, None)
    assert "no-such-key" in bad.tail()


def test_tcp_without_tls_beyond_loopback_is_refused(new_engine: Callable[..., Engine]) -> None:
    bad = new_engine("--host", f"tcp://0.0.0.0:{free_port()}")
    assert bad.spawn().wait(30) not in (0, None)
    assert "TLS" in bad.tail()


def test_tcp_on_loopback_serves_the_same_api(new_engine: Callable[..., Engine]) -> None:
    port = free_port()
    one = new_engine()
    one.flags = ["--host", one.host, "--host", f"tcp://127.0.0.1:{port}"]
    one.start()
    assert fetch("127.0.0.1", port) == ""  # 404 on /
    done = run([find_docker_cli(), "-H", f"tcp://127.0.0.1:{port}", "version", "--format", "{{.Server.APIVersion}}"])
    assert done.check().last.startswith("1.")


def test_the_socket_is_for_root_and_its_group_only(engine: Engine) -> None:
    facts = os.stat(engine.socket)
    assert stat.S_IMODE(facts.st_mode) == 0o660
    assert facts.st_uid == 0
