"""What cannot be right is refused with a clear sentence, and leaves nothing behind."""

import socket
from typing import Any

import pytest
from support import api, leaks
from support.cli import Cli
from support.engine import Engine
from support.fetch import free_port

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def create(engine: Engine, image: str, name: str = "", **body: Any) -> api.Reply:
    """A create request."""
    return engine.call("POST", f"/containers/create?name={name}", {"Image": image, **body})


def test_unknown_image_is_404_for_create_and_125_for_run(cli: Cli) -> None:
    reply = create(cli.engine, "pier-test/absent")
    assert (reply.status, reply.message) == (404, "No such image: pier-test/absent:latest")
    done = cli("run", "--rm", f"127.0.0.1:{free_port()}/absent", "true")
    assert done.code == 125
    assert "absent" in done.stderr
    assert cli.engine.container_ids() == []


@pytest.mark.parametrize("name", ["x", "a/b", "-ab", "a%20b", "%C3%A4%C3%A4"])
def test_bad_name_is_400(engine: Engine, image: str, name: str) -> None:
    reply = create(engine, image, name)
    assert reply.status == 400
    assert "name" in reply.message


def test_taken_name_is_409_and_names_the_holder(cli: Cli, image: str) -> None:
    holder = cli.out("create", "--name", "taken", image, "true")
    reply = create(cli.engine, image, "taken")
    assert reply.status == 409
    assert holder in reply.message
    done = cli("run", "--name", "taken", image, "true")
    assert done.code == 125
    assert holder in done.stderr


@pytest.mark.parametrize("port", ["99999:80", "x:80", "80:99999", "80:80/bad", "1.2.3:80:80"])
def test_bad_port_is_refused_by_the_client(cli: Cli, image: str, port: str) -> None:
    done = cli("run", "--rm", "--publish", port, image, "true")
    assert done.code == 125
    assert done.stderr.strip()
    assert cli.engine.container_ids() == []


@pytest.mark.parametrize("binding", [{"x/tcp": [{}]}, {"80/tcp": [{"HostPort": "99999"}]}, {"80/bad": [{}]}])
def test_bad_port_is_400_in_the_api(engine: Engine, image: str, binding: dict[str, Any]) -> None:
    exposed: dict[str, Any] = {key: {} for key in binding}
    reply = create(engine, image, ExposedPorts=exposed, HostConfig={"PortBindings": binding})
    assert reply.status == 400, reply.body
    assert engine.container_ids() == []


def test_port_of_another_container_is_refused_at_start(cli: Cli, image: str) -> None:
    port = free_port()
    cli.out("run", "-d", "-p", f"{port}:80", image, "sleep", "100")
    done = cli("run", "--name", "second", "-p", f"{port}:80", image, "true")
    assert done.code == 125
    assert "port is already allocated" in done.stderr
    assert cli.engine.call("GET", "/containers/second/json").json()["State"]["Status"] == "created"


def test_port_of_a_host_process_is_refused_at_start_and_nothing_is_left(cli: Cli, image: str) -> None:
    before = leaks.take(cli.engine)
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        done = cli("run", "--rm", "-p", f"{holder.getsockname()[1]}:80", image, "true")
    assert done.code == 125
    assert "address already in use" in done.stderr
    leaks.assert_nothing_left(cli.engine, before)


def test_no_command_anywhere_is_400(engine: Engine, image: str) -> None:
    reply = engine.call("POST", "/containers/create", {})
    assert (reply.status, reply.message) == (400, "config cannot be empty in order to create a container")


def test_a_failed_start_keeps_the_container_with_its_error(engine: Engine, image: str) -> None:
    made = create(engine, image, "broken", Cmd=["/no/such/file"])
    assert made.status == 201
    reply = engine.call("POST", "/containers/broken/start")
    assert reply.status == 400
    assert "no such file" in reply.message
    state = engine.call("GET", "/containers/broken/json").json()["State"]
    assert (state["Status"], state["ExitCode"]) == ("created", 127)
    assert "no such file" in state["Error"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{not json", 400), (b"", 400), (b"[]", 400), (b'{"Image": 5}', 400), (b'{"Image": "x", "HostConfig": []}', 400)],
)
def test_malformed_json_is_400(engine: Engine, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    reply = api.call(engine.socket, "POST", "/containers/create", content, headers=headers)
    assert reply.status == status
    assert reply.message


def test_other_content_types_are_refused(engine: Engine) -> None:
    reply = api.call(engine.socket, "POST", "/containers/create", b"{}", headers={"Content-Type": "text/plain"})
    assert reply.status == 400
    assert "unsupported Content-Type header" in reply.message


@pytest.mark.parametrize(
    "host_config",
    [
        {"Memory": 1024},
        {"Memory": 64 << 20, "MemorySwap": 32 << 20},
        {"NanoCpus": 10**9, "CpuQuota": 5000},
        {"NanoCpus": 10**15},
        {"RestartPolicy": {"Name": "sometimes"}},
        {"RestartPolicy": {"Name": "always"}, "AutoRemove": True},
        {"LogConfig": {"Type": "no-such-driver"}},
        {"LogConfig": {"Type": "json-file", "Config": {"x": "y"}}},
        {"CapAdd": ["NO_SUCH"]},
        {"Runtime": "no-such-runtime"},
        {"Binds": ["relative/path:/x"]},
        {"Binds": ["/a:/x", "/b:/x"]},
        {"Binds": ["/a:/"]},
    ],
    ids=lambda value: "-".join(value),
)
def test_host_configs_that_cannot_be_right_are_400(engine: Engine, image: str, host_config: dict[str, Any]) -> None:
    reply = create(engine, image, HostConfig=host_config)
    assert reply.status == 400, reply.body
    assert reply.message
    assert engine.container_ids() == []


@pytest.mark.parametrize("verb", ["start", "stop", "kill", "restart", "pause", "unpause", "wait"])
def test_verbs_on_an_unknown_container_are_404(engine: Engine, verb: str) -> None:
    reply = engine.call("POST", f"/containers/nobody/{verb}")
    introduced = "cannot kill container: nobody: " if verb == "kill" else ""  # as dockerd has it
    assert (reply.status, reply.message) == (404, f"{introduced}No such container: nobody")


@pytest.mark.parametrize(
    "command", ["inspect", "logs", "top", "stop", "start", "kill", "rm", "wait", "pause", "attach"]
)
def test_clients_say_no_such_container(cli: Cli, command: str) -> None:
    done = cli("container", command, "nobody")
    assert done.code == 1
    assert "no such container: nobody" in done.stderr.lower()


def test_unknown_path_and_wrong_method_are_404(engine: Engine) -> None:
    for method, target in (("GET", "/nonsense"), ("DELETE", "/version"), ("GET", "/v1.51/nonsense")):
        reply = engine.call(method, target)
        assert (reply.status, reply.message) == (404, "page not found")


def test_too_new_and_too_old_versions_are_refused(engine: Engine) -> None:
    assert engine.call("GET", "/v9.99/_ping").status == 400
    assert engine.call("GET", "/v1.23/version").status == 400


def test_swarm_answers_as_dockerd_does(engine: Engine) -> None:
    reply = engine.call("GET", "/services")
    assert reply.status == 503
    assert "not a swarm manager" in reply.message


def test_a_head_that_is_no_http_ends_the_connection_only(engine: Engine) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(engine.socket)
        raw.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        raw.settimeout(20)
        assert raw.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"
    assert engine.answers()


def test_unknown_flags_and_commands_of_the_cli_are_told(engine: Engine) -> None:
    assert engine.pier("no-such-command").code != 0
    done = engine.pier("ps", "--no-such-flag")
    assert done.code in (1, 2, 125)
    assert "no-such-flag" in done.stderr


def test_a_cli_without_an_engine_says_where_it_looked(engine: Engine) -> None:
    done = Engine("/nowhere").pier("ps")
    assert done.code == 1
    assert "pier.sock" in done.stderr
