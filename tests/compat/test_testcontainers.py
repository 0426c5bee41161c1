"""testcontainers, unchanged: a container with a port and a wait for a line of its log."""

import pytest
from support.engine import Engine
from support.fetch import fetch
from support.wait import wait_for
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]

SERVE = (
    "sh -c 'mkdir -p /www; echo page > /www/index.html; httpd -f -p 80 -h /www & sleep 0.3; echo server is ready; wait'"
)


@pytest.fixture(autouse=True)
def environment(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points testcontainers at the engine, without its reaper: that is an image of a registry we do not have here."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)


def test_container_with_port_and_log_wait(image: str, engine: Engine) -> None:
    ready = LogMessageWaitStrategy("server is ready").with_startup_timeout(20)
    with DockerContainer(image).with_command(SERVE).with_exposed_ports(80).waiting_for(ready) as container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(80))
        assert wait_for(lambda: fetch(host, port), what="the page") == "page\n"
        result = container.exec(["echo", "inside"])
        assert (result.exit_code, result.output) == (0, b"inside\n")
        out, _ = container.get_logs()
        assert b"server is ready" in out
        container_id = container.get_wrapped_container().id
        assert container_id in engine.container_ids()
    assert container_id not in engine.container_ids()


def test_environment_volume_and_name(image: str, engine: Engine) -> None:
    folder = engine.data_root / "tc"
    folder.mkdir()
    try:
        with (
            DockerContainer(image)
            .with_name("tc-named")
            .with_env("WHO", "pier")
            .with_volume_mapping(str(folder), "/out", "rw")
            .with_command("sh -c 'echo $WHO > /out/who; echo written; sleep 100'")
            .waiting_for(LogMessageWaitStrategy("written").with_startup_timeout(20))
        ):
            assert (folder / "who").read_text() == "pier\n"
            assert engine.call("GET", "/containers/tc-named/json").status == 200
    finally:
        (folder / "who").unlink(missing_ok=True)
        folder.rmdir()
