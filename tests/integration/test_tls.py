"""The API over TLS, with both clients."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import load_image
from support.certificates import make_certificates
from support.engine import Completed, Engine, run
from support.facilities import BIN, find_docker_cli
from support.fetch import free_port

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def far(new_engine: Callable[..., Engine], tmp_path: Path) -> tuple[Engine, str]:
    """An engine that also listens on every address of this host, for clients with a certificate; and its address."""
    make_certificates(tmp_path)
    port = free_port()
    engine = new_engine()
    files = ("--tlscacert", "ca.crt", "--tlscert", "server.crt", "--tlskey", "server.key")
    paths = [str(tmp_path / item) if not item.startswith("--") else item for item in files]
    engine.flags = ["--host", engine.host, "--host", f"tcp://0.0.0.0:{port}", "--tlsverify", *paths]
    engine.start()
    load_image(engine)
    return engine, f"tcp://127.0.0.1:{port}"


@pytest.fixture(params=["docker", "pier"])
def client(request: pytest.FixtureRequest) -> str:
    """The program to run."""
    return find_docker_cli() if request.param == "docker" else str(BIN / "pier")


def secure(
    client: str, address: str, folder: Path, *args: str, input_text: str | None = None, certificate: bool = True
) -> Completed:
    files = ["--tlsverify", "--tlscacert", str(folder / "ca.crt")]
    if certificate:
        files += ["--tlscert", str(folder / "client.cert"), "--tlskey", str(folder / "client.key")]
    return run([client, "-H", address, *files, *args], input_text=input_text)


def test_run_with_input_and_output_after_its_end(
    far: tuple[Engine, str], client: str, image: str, tmp_path: Path
) -> None:
    _, address = far
    done = secure(
        client, address, tmp_path, "run", "--rm", "-i", image, "sh", "-c", "cat; echo after the end", input_text="in\n"
    )
    assert done.check().stdout == "in\nafter the end\n"
    many = secure(client, address, tmp_path, "run", "--rm", image, "seq", "200000").check()
    assert len(many.lines) == 200000
    assert secure(client, address, tmp_path, "run", "--rm", image, "sh", "-c", "exit 7").code == 7


def test_a_client_without_a_certificate_is_refused(far: tuple[Engine, str], client: str, tmp_path: Path) -> None:
    engine, address = far
    assert secure(client, address, tmp_path, "ps", certificate=False).code != 0
    assert run([client, "-H", address, "ps"]).code != 0
    assert engine.answers()


def test_certificates_that_are_not_there_are_named(new_engine: Callable[..., Engine]) -> None:
    bad = new_engine("--tls", "--tlscert", "/absent.crt", "--tlskey", "/absent.key")
    assert bad.spawn().wait(30) not in (0, None)
    assert "/absent.crt" in bad.tail()
    assert "Traceback" not in bad.tail()
