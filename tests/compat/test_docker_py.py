"""docker-py, unchanged, against Pier's socket."""

import io
import tarfile
from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from support.engine import Engine
from support.fetch import fetch
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    """A client that picks the API version by itself."""
    one = docker.DockerClient(base_url=engine.host, version="auto", timeout=30)
    yield one
    one.close()


def test_ping_version_and_info(client: docker.DockerClient) -> None:
    assert client.ping() is True
    assert client.version()["ApiVersion"] == "1.51"
    assert client.info()["OSType"] == "linux"


def test_run_returns_the_output(client: docker.DockerClient, image: str) -> None:
    assert client.containers.run(image, ["echo", "hello"], remove=True) == b"hello\n"
    both = client.containers.run(image, ["sh", "-c", "echo a; echo b >&2"], stdout=True, stderr=True, remove=True)
    assert sorted(both.split()) == [b"a", b"b"]


def test_run_raises_for_a_failing_command(client: docker.DockerClient, image: str) -> None:
    with pytest.raises(ContainerError) as caught:
        client.containers.run(image, ["sh", "-c", "echo why >&2; exit 3"], remove=True)
    assert caught.value.exit_status == 3
    assert b"why" in caught.value.stderr


def test_missing_image_and_container_have_their_own_errors(client: docker.DockerClient) -> None:
    with pytest.raises(ImageNotFound):
        client.images.get("pier-test/absent")
    with pytest.raises(NotFound):
        client.containers.get("nobody")


def test_a_detached_container_through_its_life(client: docker.DockerClient, image: str) -> None:
    container = client.containers.run(image, ["sleep", "300"], name="py", detach=True, labels={"a": "b"})
    assert [c.id for c in client.containers.list(filters={"label": "a=b"})] == [container.id]
    container.pause()
    container.reload()
    assert container.status == "paused"
    container.unpause()
    container.rename("py2")
    assert client.containers.get("py2").id == container.id
    container.restart(timeout=0)
    container.reload()
    assert container.status == "running"
    container.stop(timeout=0)
    assert container.wait()["StatusCode"] == 137
    container.start()
    container.kill()
    assert container.wait()["StatusCode"] == 137
    container.remove()
    with pytest.raises(NotFound):
        container.reload()


def test_exec_demultiplexes_streams_and_has_a_code(client: docker.DockerClient, image: str) -> None:
    container = client.containers.run(image, ["sleep", "300"], detach=True)
    code, (out, err) = container.exec_run(["sh", "-c", "echo o; echo e >&2; exit 4"], demux=True)
    assert (code, out, err) == (4, b"o\n", b"e\n")
    code, output = container.exec_run(["id", "-u"], user="12")
    assert (code, output) == (0, b"12\n")
    assert b"".join(container.exec_run(["seq", "1", "1000"], stream=True).output).count(b"\n") == 1000


def test_logs_whole_and_followed(client: docker.DockerClient, image: str) -> None:
    container = client.containers.run(image, ["seq", "1", "100"], detach=True)
    assert b"".join(container.logs(stream=True, follow=True)).splitlines()[-1] == b"100"
    assert container.logs(tail=2) == b"99\n100\n"
    assert container.logs(stdout=True, timestamps=True).count(b"Z ") == 100


def test_attach_socket_carries_input(client: docker.DockerClient, image: str) -> None:
    container = client.containers.create(image, ["cat"], stdin_open=True, tty=True)
    container.start()
    socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    socket._sock.sendall(b"typed\n")
    socket._sock.settimeout(10)
    got = b""
    while b"typed\r\ntyped\r\n" not in got:
        got += socket._sock.recv(1024)
    socket.close()


def test_ports_and_stats_and_top(client: docker.DockerClient, image: str) -> None:
    script = "mkdir -p /www; echo page > /www/index.html; exec httpd -f -p 80 -h /www"
    container = client.containers.run(image, ["sh", "-c", script], detach=True, ports={"80/tcp": ("127.0.0.1", None)})
    container.reload()
    port = int(container.ports["80/tcp"][0]["HostPort"])
    assert wait_for(lambda: fetch("127.0.0.1", port), what="the page") == "page\n"
    assert container.stats(stream=False)["memory_stats"]["usage"] > 0
    assert next(container.stats(stream=True, decode=True))["id"] == container.id
    assert any("httpd" in " ".join(row) for row in container.top()["Processes"])


def test_events_are_decoded(client: docker.DockerClient, image: str) -> None:
    stream = client.events(decode=True, filters={"type": "container", "event": "die"})
    container = client.containers.run(image, ["true"], detach=True)
    assert next(stream)["Actor"]["ID"] == container.id
    stream.close()


def test_images_save_load_tag_and_remove(client: docker.DockerClient, image: str) -> None:
    one = client.images.get(image)
    assert one.tag("pier-test/copy", "v1") is True
    archive = b"".join(client.images.get("pier-test/copy:v1").save(named=True))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert "manifest.json" in tar.getnames()
    client.images.remove("pier-test/copy:v1")
    with pytest.raises(ImageNotFound):
        client.images.get("pier-test/copy:v1")
    (loaded,) = client.images.load(archive)
    assert loaded.id == one.id
    client.images.remove("pier-test/copy:v1")
    assert client.images.get(image).id == one.id


def test_volumes_and_binds(client: docker.DockerClient, image: str) -> None:
    volume = client.volumes.create("py-volume", labels={"k": "v"})
    try:
        mount = {volume.name: {"bind": "/data", "mode": "rw"}}
        client.containers.run(image, ["sh", "-c", "echo kept > /data/f"], volumes=mount, remove=True)
        assert client.containers.run(image, ["cat", "/data/f"], volumes=mount, remove=True) == b"kept\n"
    finally:
        volume.remove()


def test_a_conflict_is_an_api_error_with_its_status(client: docker.DockerClient, image: str) -> None:
    client.containers.create(image, name="taken")
    with pytest.raises(APIError) as caught:
        client.containers.create(image, name="taken")
    assert caught.value.status_code == 409


def test_archives_go_in_and_come_out(client: docker.DockerClient, image: str) -> None:
    container = client.containers.run(image, ["sleep", "300"], detach=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("file")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"hello"))
    assert container.put_archive("/tmp", buffer.getvalue()) is True
    stream, stat = container.get_archive("/tmp/file")
    assert (stat["name"], stat["size"], stat["linkTarget"]) == ("file", 5, "")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        file = tar.extractfile("file")
        assert file is not None
        assert file.read() == b"hello"
    with pytest.raises(NotFound):
        container.get_archive("/nosuch")
    with pytest.raises(NotFound):
        container.put_archive("/nosuch", buffer.getvalue())


def test_diff_export_commit_and_update(client: docker.DockerClient, image: str) -> None:
    container = client.containers.create(image, ["sh", "-c", "echo x > /new"], mem_limit="32m")
    assert container.diff() is None
    container.start()
    container.wait()
    assert container.diff() == [{"Path": "/new", "Kind": 1}]
    with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as tar:
        assert "new" in tar.getnames()
    made = container.commit("pier-test/made", "v1", message="why", author="who", changes=["CMD cat /new"])
    try:
        assert made.tags == ["pier-test/made:v1"]
        assert client.containers.run("pier-test/made:v1", remove=True) == b"x\n"
    finally:
        client.images.remove("pier-test/made:v1", force=True)
    assert container.update(mem_limit="24m", restart_policy={"Name": "on-failure"}) == {"Warnings": None}
    container.reload()
    assert container.attrs["HostConfig"]["Memory"] == 24 << 20
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "on-failure"
