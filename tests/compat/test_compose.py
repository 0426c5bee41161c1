"""docker compose, unchanged, against Pier's socket."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.engine import Completed, Engine, client_environment
from support.fetch import fetch, free_port
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]

_PLUGINS = (
    "/usr/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
)
_FILE = """\
services:
  db:
    image: {image}
    command: ["sh", "-c", "echo db is up; exec sleep 1000"]
    stop_grace_period: 0s
    networks:
      back: {{aliases: [database]}}
    volumes: ["data:/data"]
  web:
    image: {image}
    command: ["sh", "-c", "echo web is up; mkdir -p /www; echo page > /www/index.html; exec httpd -f -p 80 -h /www"]
    stop_grace_period: 0s
    depends_on: [db]
    networks: [front, back]
    ports: ["127.0.0.1:{port}:80"]
networks: {{front: {{}}, back: {{}}}}
volumes: {{data: {{}}}}
"""

Compose = Callable[..., Completed]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def compose(engine: Engine, image: str, port: int, tmp_path: Path) -> Compose:
    """Runs compose v2 on a project of two services. Skipped without it, in CI too: Debian 12 has no package of it."""
    plugin = os.environ.get("PIER_TEST_COMPOSE") or shutil.which("docker-compose", path=":".join(_PLUGINS))
    if plugin is None:
        pytest.skip("no docker compose v2; PIER_TEST_COMPOSE may name its plugin")
    (tmp_path / "compose.yaml").write_text(_FILE.format(image=image, port=port))

    def run(*args: str) -> Completed:
        argv = [plugin, "-p", "app", *args]
        environment = client_environment() | {"DOCKER_HOST": engine.host}
        done = subprocess.run(
            argv,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Completed(argv, done.returncode, done.stdout, done.stderr)

    return run


def test_two_services_on_two_networks(compose: Compose, engine: Engine, port: int) -> None:
    compose("up", "-d").check()
    assert sorted(compose("ps", "--services").check().lines) == ["db", "web"]
    assert wait_for(lambda: fetch("127.0.0.1", port), what="the page") == "page\n"
    for client, name in (("web", "db"), ("web", "database"), ("db", "web")):
        compose("exec", "-T", client, "ping", "-c1", "-w10", name).check()
    assert {line.split("|")[1].strip() for line in compose("logs").check().lines} == {"db is up", "web is up"}
    assert "Recreate" not in compose("up", "-d").check().stderr
    compose("up", "-d", "--scale", "db=2").check()
    answer = compose("exec", "-T", "web", "nslookup", "database").check().stdout
    assert answer.count("Address: 172") == 2
    compose("run", "--rm", "-T", "web", "ping", "-c1", "-w10", "db").check()
    compose("restart", "db").check()
    compose("down", "--volumes").check()
    assert engine.container_ids() == []
    assert engine.call("GET", "/networks?filters={%22type%22:[%22custom%22]}").json() == []
    assert engine.call("GET", "/volumes").json()["Volumes"] in ([], None)
