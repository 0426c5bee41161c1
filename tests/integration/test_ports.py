"""Published ports: reached from this host and from other containers, held while the container runs, free afterwards."""

import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from conftest import load_image
from support.cli import Cli
from support.engine import Engine
from support.facilities import require_command
from support.fetch import fetch, free_port
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

SERVE = ["sh", "-c", "mkdir -p /www && echo page of $(hostname) > /www/index.html && exec httpd -f -p 80 -h /www"]


def gateway(engine: Engine) -> str:
    """The bridge's address: a host address that containers can reach."""
    return engine.bip.split("/")[0]


def page_from(address: str, port: int) -> str:
    """The page, once it is served."""
    return wait_for(lambda: fetch(address, port), what=f"a page from {address}:{port}").strip()


def test_explain_says_what_is_wrong(image: str, engine: Engine) -> None:
    pier, port = Cli("pier", engine), free_port()
    pier.out("run", "-d", "--name", "web", "-p", f"{port}:80", image, "sleep", "100")
    said = pier("network", "explain", "web:80")
    assert said.code == 1
    assert f"0.0.0.0:{port}/tcp leads to" in said.stdout
    assert "! nothing listens on 80/tcp" in said.stdout
    pier.out("exec", "-d", "web", "httpd", "-f", "-p", "80")
    wait_for(lambda: pier("network", "explain", "web").code == 0, what="httpd listens")
    assert "httpd (" in pier.out("network", "explain", "web")


def test_published_port_is_reached_on_localhost_and_on_the_hosts_address(cli: Cli, image: str) -> None:
    port = free_port()
    cli.out("run", "-d", "--name", "web", "--hostname", "web", "--publish", f"{port}:80", image, *SERVE)
    assert page_from("127.0.0.1", port) == "page of web"
    assert page_from(gateway(cli.engine), port) == "page of web"


def test_port_shows_in_ls_and_inspect_and_port(cli: Cli, image: str, engine: Engine) -> None:
    port = free_port()
    cli.out("run", "-d", "--name", "shown", "-p", f"127.0.0.1:{port}:80/tcp", image, "sleep", "100")
    assert cli.out("ps", "--format", "{{.Ports}}") == f"127.0.0.1:{port}->80/tcp"
    ports = engine.call("GET", "/containers/shown/json").json()["NetworkSettings"]["Ports"]
    assert ports == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}


def test_port_without_an_address_is_on_ipv6_too(cli: Cli, image: str, engine: Engine) -> None:
    port = free_port()
    cli.out("run", "-d", "--name", "both", "--hostname", "both", "-p", f"{port}:80", image, *SERVE)
    assert page_from("::1", port) == page_from("127.0.0.1", port) == "page of both"
    ports = engine.call("GET", "/containers/both/json").json()["NetworkSettings"]["Ports"]
    assert ports == {"80/tcp": [{"HostIp": address, "HostPort": str(port)} for address in ("0.0.0.0", "::")]}
    assert cli.out("port", "both", "80").splitlines() == [f"0.0.0.0:{port}", f"[::]:{port}"]


def test_port_of_one_ipv6_address_outlives_a_killed_pierd(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine().start()
    load_image(engine)
    port = free_port()
    engine.pier("run", "-d", "--name", "six", "--hostname", "six", "-p", f"[::1]:{port}:80", image, *SERVE).check()
    assert page_from("::1", port) == "page of six"
    assert fetch("127.0.0.1", port, timeout=1) == ""
    engine.kill()
    assert fetch("::1", port).strip() == "page of six"
    engine.start()
    assert fetch("::1", port).strip() == "page of six"
    engine.pier("rm", "-f", "six").check()
    socket.create_server(("::1", port), family=socket.AF_INET6).close()


def test_port_without_a_number_gets_a_free_one(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "any", "--hostname", "any", "-p", "80", image, *SERVE)
    bindings = engine.call("GET", "/containers/any/json").json()["NetworkSettings"]["Ports"]["80/tcp"]
    port = int(bindings[0]["HostPort"])
    assert port >= 1024
    assert page_from("127.0.0.1", port) == "page of any"


def test_port_bound_to_one_address_is_not_on_another(cli: Cli, image: str) -> None:
    port = free_port()
    cli.out("run", "-d", "--hostname", "local", "-p", f"127.0.0.1:{port}:80", image, *SERVE)
    assert page_from("127.0.0.1", port) == "page of local"
    assert fetch(gateway(cli.engine), port, timeout=1) == ""


def test_other_containers_reach_it_by_address_and_by_the_hosts_port(cli: Cli, image: str, engine: Engine) -> None:
    port = free_port()
    cli.out("run", "-d", "--name", "server", "--hostname", "server", "-p", f"{port}:80", image, *SERVE)
    page_from("127.0.0.1", port)
    address = engine.call("GET", "/containers/server/json").json()["NetworkSettings"]["IPAddress"]
    for target in (f"{address}:80", f"{gateway(engine)}:{port}"):
        assert cli.out("run", "--rm", image, "wget", "-q", "-O-", f"http://{target}/") == "page of server"


def test_a_container_reaches_itself_by_the_hosts_port(image: str, engine: Engine) -> None:
    port = free_port()
    engine.docker("run", "-d", "--name", "self", "--hostname", "self", "-p", f"{port}:80", image, *SERVE).check()
    page_from("127.0.0.1", port)
    fetched = engine.docker("exec", "self", "wget", "-q", "-O-", f"http://{gateway(engine)}:{port}/").check()
    assert fetched.stdout.strip() == "page of self"


def test_udp_port_carries_a_datagram(image: str, engine: Engine) -> None:
    port = free_port(socket.SOCK_DGRAM)
    engine.docker("run", "-d", "--name", "udp", "-p", f"{port}:9000/udp", image, "sleep", "100").check()
    sandbox = engine.call("GET", "/containers/udp/json").json()["NetworkSettings"]["SandboxKey"]
    # busybox has no UDP server, so one of ours runs in the container's network namespace.
    code = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 9000)); print(s.recv(99).decode())"
    command = [require_command("nsenter"), f"--net={sandbox}", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:

        def has_arrived() -> bool:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"datagram", ("127.0.0.1", port))
            return server.poll() is not None

        try:
            wait_for(has_arrived, what="the datagram in the container", interval=0.2)
        finally:
            server.kill()
        assert server.stdout
        assert server.stdout.read().strip() == "datagram"


def test_port_is_free_again_after_stop_and_taken_again_by_start(image: str, engine: Engine) -> None:
    port = free_port()
    engine.docker("run", "-d", "--name", "web", "--hostname", "web", "-p", f"{port}:80", image, *SERVE).check()
    page_from("127.0.0.1", port)
    engine.docker("stop", "-t", "0", "web").check()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("0.0.0.0", port))
    engine.docker("start", "web").check()
    assert page_from("127.0.0.1", port) == "page of web"


def test_port_survives_a_restart_of_pierd(image: str, engine: Engine) -> None:
    port = free_port()
    engine.docker("run", "-d", "--name", "web", "--hostname", "web", "-p", f"{port}:80", image, *SERVE).check()
    page_from("127.0.0.1", port)
    assert engine.stop() == 0
    assert fetch("127.0.0.1", port).strip() == "page of web"
    engine.start()
    assert fetch("127.0.0.1", port).strip() == "page of web"
    with socket.socket() as taker, pytest.raises(OSError, match="in use"):
        taker.bind(("0.0.0.0", port))


def test_no_other_process_can_take_a_published_port(image: str, engine: Engine) -> None:
    port = free_port()
    engine.docker("run", "-d", "-p", f"{port}:80", image, "sleep", "100").check()
    with socket.socket() as taker, pytest.raises(OSError, match="in use"):
        taker.bind(("0.0.0.0", port))


def test_containers_reach_each_other_by_address(cli: Cli, image: str, engine: Engine) -> None:
    cli.out("run", "-d", "--name", "peer", image, "sleep", "100")
    address = engine.call("GET", "/containers/peer/json").json()["NetworkSettings"]["IPAddress"]
    assert "1 packets received" in cli.out("run", "--rm", image, "ping", "-c", "1", "-W", "10", address)
