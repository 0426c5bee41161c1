"""docker cp: files in and out of containers that run, are paused, stopped or were never started."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support import api
from support.cli import Cli
from support.engine import Engine
from support.events import events_since
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

TAR = {"Content-Type": "application/x-tar"}
STAT = "x-docker-container-path-stat"


def tar(**files: bytes) -> bytes:
    """Files by name; a double underscore stands for a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def put(engine: Engine, ref: str, path: str, body: bytes, query: str = "") -> api.Reply:
    target = f"/containers/{ref}/archive?path={quote(path)}{query}"
    return api.call(engine.socket, "PUT", target, body, headers=TAR)


def get(engine: Engine, ref: str, path: str) -> api.Reply:
    return engine.call("GET", f"/containers/{ref}/archive?path={quote(path)}")


def members(reply: api.Reply) -> dict[str, bytes]:
    assert reply.status == 200, reply.body
    with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file else b""
        return found


def stat_of(engine: Engine, ref: str, path: str) -> Any:
    reply = engine.call("HEAD", f"/containers/{ref}/archive?path={quote(path)}")
    assert reply.status == 200
    return json.loads(base64.b64decode(reply.headers[STAT]))


def run(cli: Cli, name: str, *args: str, script: str = "true", forever: str = "sleep 300", image: str) -> None:
    """A running container that has done what the script says and goes on with `forever`."""
    cli.out("run", "-d", "--name", name, *args, image, "sh", "-c", f"{script}; echo up; {forever}")
    wait_for(lambda: "up" in cli("logs", name).stdout, what=f"{name} runs")


# -- both clients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["running", "paused", "stopped", "created"])
def test_files_go_in_and_come_out_in_every_state(cli: Cli, image: str, tmp_path: Path, state: str) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_bytes(os.urandom(300_000))
    (tmp_path / "tree/link").symlink_to("sub/file")
    if state == "created":
        cli.out("create", "--name", "box", "-v", "box-volume:/data", image, "sleep", "300")
    else:
        cli.out("run", "-d", "--name", "box", "-v", "box-volume:/data", image, "sleep", "300")
    if state == "paused":
        cli.out("pause", "box")
    elif state == "stopped":
        cli.out("stop", "-t", "0", "box")
    for inside in ("/srv", "/data/copy"):
        cli("cp", str(tmp_path / "tree"), f"box:{inside}").check()
        out = tmp_path / f"out-{inside.strip('/').replace('/', '-')}"
        cli("cp", f"box:{inside}", str(out)).check()
        tree = out / "tree" if (out / "tree").exists() else out
        assert (tree / "sub/file").read_bytes() == (tmp_path / "tree/sub/file").read_bytes()
        assert os.readlink(tree / "link") == "sub/file"
    if state == "paused":
        cli.out("unpause", "box")
    elif state in ("stopped", "created"):
        cli.out("start", "box")
    assert cli.out("exec", "box", "sh", "-c", "ls -d /srv /data/copy; find /srv /data -name file | wc -l").split() == [
        "/data/copy",
        "/srv",
        "2",
    ]
    cli("rm", "-f", "box").check()
    cli("volume", "rm", "box-volume").check()


def test_the_working_directory_is_there_before_the_start(cli: Cli, image: str, tmp_path: Path) -> None:
    cli.out("create", "--name", "new", "--workdir", "/srv/own", image, "true")
    cli("cp", "new:/srv/own", str(tmp_path)).check()
    assert (tmp_path / "own").is_dir()
    assert cli.out("diff", "new").splitlines()[-1] == "A /srv/own"
    cli("rm", "new").check()


def test_streams_by_a_dash(cli: Cli, image: str, tmp_path: Path) -> None:
    run(cli, "dash", image=image)
    subprocess.run(cli.argv("cp", "-", "dash:/tmp"), input=tar(from__stdin=b"text"), check=True, timeout=60)
    out = subprocess.run(cli.argv("cp", "dash:/tmp/from", "-"), capture_output=True, check=True, timeout=60).stdout
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        assert archive.getnames() == ["from", "from/stdin"]


def test_mistakes_have_dockers_words(cli: Cli, image: str, tmp_path: Path) -> None:
    run(cli, "box", script="mkdir /d", image=image)
    (tmp_path / "f").write_text("x")
    file = str(tmp_path / "f")
    for source, target, message in (
        ("box:/a", "box:/b", "copying between containers is not supported"),
        ("box:/nosuch", str(tmp_path), "Could not find the file /nosuch in container box"),
        ("nobody:/x", str(tmp_path), "No such container: nobody"),
        (file, "nobody:/x", "No such container: nobody"),
        ("box:/d", file, "cannot copy directory"),
        (str(tmp_path), "box:/etc/passwd", "cannot copy directory"),
        (file, "box:/nodir/", "no such directory"),
        (file, "box:/nodir/x", "Could not find the file /nodir in container box"),
    ):
        result = cli("cp", source, target)
        assert (result.code, message in result.stderr) == (1, True), (source, target, result)


def test_owners_modes_and_times_are_kept(cli: Cli, image: str, tmp_path: Path) -> None:
    run(cli, "box", "--user", "33:44", image=image)
    file = tmp_path / "f"
    file.write_text("x")
    file.chmod(0o4751)
    os.chown(file, 1234, 5678)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    cli("cp", str(file), "box:/tmp/plain").check()
    cli("cp", "-a", str(file), "box:/tmp/own").check()
    listed = cli.out("exec", "-u", "0", "box", "stat", "-c", "%u %g %a %Y", "/tmp/plain", "/tmp/own").splitlines()
    assert listed[0].split()[:2] == ["1234", "5678"]
    assert listed[1].split()[:2] == ["33", "44"]
    assert all(line.endswith(" 1000000000") for line in listed)


# -- the API ----------------------------------------------------------------------------------------------------------


def test_the_stat_header(engine: Engine, image: str) -> None:
    script = "mkdir /d; printf text > /d/f; chmod 4711 /d/f; ln -s /d /abs; ln -s ../../../d/f /d/up; mkfifo /d/fifo"
    run(Cli("pier", engine), "box", script=script, image=image)
    found = stat_of(engine, "box", "/d/f")
    assert (found["name"], found["size"], found["mode"], found["linkTarget"]) == ("f", 4, 0o711 | 1 << 23, "")
    assert found["mtime"].startswith("20")
    assert stat_of(engine, "box", "/abs") | {"mode": 0o777 | 1 << 27, "linkTarget": "/d"} == stat_of(
        engine, "box", "/abs"
    )
    assert stat_of(engine, "box", "/abs/")["mode"] == 0o755 | 1 << 31
    assert stat_of(engine, "box", "/d/up")["linkTarget"] == "/d/f"
    assert stat_of(engine, "box", "/d/fifo")["mode"] == 0o644 | 1 << 25
    for path, status in (("/nosuch", 404), ("/d/f/", 400), ("", 400)):
        assert engine.call("HEAD", f"/containers/box/archive?path={path}").status == status
    assert engine.call("HEAD", "/containers/nobody/archive?path=/").status == 404


def test_only_the_containers_own_files_are_seen(engine: Engine, image: str, tmp_path: Path) -> None:
    """Volumes and binds are; tmpfs, /proc, /sys and /dev of the running container are not."""
    (tmp_path / "bound").write_text("bound")
    arguments = ("--tmpfs", "/tt", "-v", "box-volume:/vol", "-v", f"{tmp_path}:/bind:ro")
    script = "echo t > /tt/t; echo v > /vol/v; echo r > /r"
    run(Cli("pier", engine), "box", *arguments, script=script, image=image)
    for state in ("running", "stopped"):
        assert members(get(engine, "box", "/vol"))["vol/v"] == b"v\n", state
        assert members(get(engine, "box", "/bind/bound"))["bound"] == b"bound"
        assert members(get(engine, "box", "/tt")) == {"tt": b""}
        assert members(get(engine, "box", "/proc")) == {"proc": b""}
        assert b"localhost" in members(get(engine, "box", "/etc/hosts"))["hosts"]
        assert get(engine, "box", "/proc/1/root/etc").status == 404
        engine.call("POST", "/containers/box/stop?t=0")
    engine.call("DELETE", "/containers/box?force=1")
    engine.call("DELETE", "/volumes/box-volume")


def test_what_is_read_only_is_not_written(engine: Engine, image: str, tmp_path: Path) -> None:
    arguments = ("--read-only", "-v", "box-rw:/rw", "-v", "box-ro:/ro:ro", "-v", f"{tmp_path}:/bind:ro")
    run(Cli("pier", engine), "box", *arguments, image=image)
    body = tar(f=b"x")
    for state in ("running", "stopped"):
        for path, message in (
            ("/", "container rootfs is marked read-only"),
            ("/etc", "container rootfs is marked read-only"),
            ("/ro", "mounted volume is marked read-only"),
            ("/bind", "mounted volume is marked read-only"),
        ):
            reply = put(engine, "box", path, body)
            assert (reply.status, reply.message) == (400, message), (state, path)
        assert put(engine, "box", "/rw", body).status == 200, state
        engine.call("POST", "/containers/box/stop?t=0")
    assert os.listdir(tmp_path) == []
    engine.call("DELETE", "/containers/box?force=1")
    for name in ("box-rw", "box-ro"):
        engine.call("DELETE", f"/volumes/{name}")


def test_directories_and_files_in_each_others_place(engine: Engine, image: str) -> None:
    run(Cli("pier", engine), "box", script="mkdir /d /d/dir; echo x > /d/file", image=image)
    over_directory, over_file = tar(dir=b"x"), tar(file__x=b"x")
    assert put(engine, "box", "/d", over_directory, "&noOverwriteDirNonDir=true").status == 500
    assert put(engine, "box", "/d", over_file, "&noOverwriteDirNonDir=true").status == 500
    assert put(engine, "box", "/d", over_directory).status == 200
    assert members(get(engine, "box", "/d/dir")) == {"dir": b"x"}


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_archives(engine: Engine, image: str, compress: Callable[[bytes], bytes]) -> None:
    run(Cli("pier", engine), "box", image=image)
    assert put(engine, "box", "/tmp", compress(tar(f=b"content" * 1000))).status == 200
    assert members(get(engine, "box", "/tmp/f")) == {"f": b"content" * 1000}


def test_bad_requests(engine: Engine, image: str) -> None:
    run(Cli("pier", engine), "box", script="ln -s /nowhere /dangling", image=image)
    body = tar(f=b"x" * 10_000)
    for path, data, status in (
        ("", body, 400),
        ("/nosuch", body, 404),
        ("/dangling", body, 404),
        ("/etc/passwd", body, 400),
        ("/tmp", b"no tar at all" * 1000, 500),
        ("/tmp", body[:5000], 500),
        ("/tmp", b"", 200),
    ):
        assert put(engine, "box", path, data).status == status, path
    assert put(engine, "nobody", "/tmp", body).status == 404


def test_hostile_archives_stay_in_the_container(engine: Engine, image: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    marker.write_text("host")
    run(Cli("pier", engine), "box", script="mkdir /d", image=image)

    def hostile(name: str, **fields: Any) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            info = tarfile.TarInfo(name)
            for key, value in fields.items():
                setattr(info, key, value)
            archive.addfile(info)
        return buffer.getvalue()

    climbing = "../" * 20 + str(marker).lstrip("/")
    assert put(engine, "box", "/d", hostile(climbing)).status == 500
    assert put(engine, "box", "/d", hostile(str(marker))).status == 200  # below /d
    assert put(engine, "box", "/d", hostile("l", type=tarfile.SYMTYPE, linkname=str(tmp_path))).status == 200
    assert put(engine, "box", "/d", tar(l__marker=b"overwritten")).status in (200, 500)
    assert put(engine, "box", "/d", hostile("h", type=tarfile.LNKTYPE, linkname=str(marker) + "x")).status == 500
    assert put(engine, "box", "/d", hostile("h", type=tarfile.LNKTYPE, linkname=climbing)).status == 500
    assert put(engine, "box", "/d", hostile("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)).status == 200
    assert marker.read_text() == "host"
    assert get(engine, "box", "/d/l/marker").status == 404
    assert stat_of(engine, "box", "/d/null")["mode"] & (1 << 26)


def test_a_container_that_swaps_links_never_shows_the_host(engine: Engine, image: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    target = f"{tmp_path}/secret"
    script = f"mkdir /a; echo inside > /a/secret; ln -s {tmp_path} /link"
    loop = f"while :; do mv /a /b; ln -s {tmp_path} /a; rm /a; mv /b /a; done"
    run(Cli("pier", engine), "box", script=script, forever=loop, image=image)
    seen = set()
    for _ in range(150):
        for path in ("/a/secret", "/link/secret", target):
            reply = get(engine, "box", path)
            seen.add(members(reply).get("secret", b"") if reply.status == 200 else b"refused")
        put(engine, "box", "/a", tar(secret=b"inside\n"))
    assert seen <= {b"inside\n", b"refused", b""}
    assert (tmp_path / "secret").read_text() == "of the host"
    assert os.listdir(tmp_path) == ["secret"]


def test_events(engine: Engine, image: str) -> None:
    run(Cli("pier", engine), "box", image=image)
    since = events_since(engine, 0)[-1]["timeNano"] / 1e9
    stat_of(engine, "box", "/tmp")
    get(engine, "box", "/tmp")
    put(engine, "box", "/tmp", tar(f=b"x"))
    told = [event["Action"] for event in events_since(engine, since + 1e-6, type=["container"])]
    assert told == ["archive-path", "extract-to-dir"]


def test_large_files_take_no_memory(engine: Engine, image: str) -> None:
    """A sparse file of 400 MB goes out and in while pierd's memory stays where it was."""
    run(Cli("pier", engine), "box", script="truncate -s 400000000 /big; mkdir /in", image=image)

    def resident() -> int:
        status = Path(f"/proc/{engine.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])

    before = most = resident()
    out = api.UnixConnection(engine.socket, 60)
    out.request("GET", "/containers/box/archive?path=/big")
    source = out.getresponse()
    into = api.UnixConnection(engine.socket, 60)
    into.putrequest("PUT", "/containers/box/archive?path=/in")
    into.putheader("Content-Type", "application/x-tar")
    into.putheader("Transfer-Encoding", "chunked")
    into.endheaders()
    while chunk := source.read(1 << 20):
        into.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        most = max(most, resident())
    into.send(b"0\r\n\r\n")
    assert into.getresponse().status == 200
    out.close()
    into.close()
    assert stat_of(engine, "box", "/in/big")["size"] == 400_000_000
    assert most - before < 64 << 10, f"{before} -> {most} KiB"


def test_a_client_that_leaves_frees_everything(engine: Engine, image: str) -> None:
    run(Cli("pier", engine), "box", script="truncate -s 400000000 /big", image=image)
    descriptors = len(os.listdir(f"/proc/{engine.pid}/fd"))
    for _ in range(3):
        out = api.UnixConnection(engine.socket, 60)
        out.request("GET", "/containers/box/archive?path=/big")
        out.getresponse().read(100_000)
        out.close()
        into = api.UnixConnection(engine.socket, 60)
        into.putrequest("PUT", "/containers/box/archive?path=/tmp")
        into.putheader("Content-Length", str(50 << 20))
        into.endheaders()
        into.send(tar(f=bytes(2 << 20))[: 1 << 20])
        into.close()
    wait_for(lambda: len(os.listdir(f"/proc/{engine.pid}/fd")) <= descriptors, what="descriptors are closed")
    engine.call("POST", "/containers/box/restart?t=0")
    assert stat_of(engine, "box", "/big")["size"] == 400_000_000


def test_a_start_waits_for_a_copy_into_the_stopped_container(engine: Engine, image: str) -> None:
    engine.docker("create", "--name", "box", image, "sh", "-c", "cat /tmp/f; echo; sleep 300").check()
    body = tar(f=b"complete")
    into = api.UnixConnection(engine.socket, 60)
    into.putrequest("PUT", "/containers/box/archive?path=/tmp")
    into.putheader("Content-Length", str(len(body)))
    into.endheaders()
    into.send(body[:600])
    wait_for(lambda: engine.call("HEAD", "/containers/box/archive?path=/tmp/f").status == 200, what="it has begun")
    statuses: list[int] = []
    start = threading.Thread(target=lambda: statuses.append(engine.call("POST", "/containers/box/start").status))
    start.start()
    start.join(0.5)
    assert statuses == []
    into.send(body[600:])
    assert into.getresponse().status == 200
    into.close()
    start.join()
    assert statuses == [204]
    wait_for(lambda: "complete" in engine.docker("logs", "box").stdout, what="the file was there")


def test_copies_go_on_while_the_container_comes_and_goes(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "box", "--restart", "always", image, "sh", "-c", "sleep 0.2").check()
    results = set()
    for number in range(60):
        results.add(put(engine, "box", "/tmp", tar(f=str(number).encode())).status)
        results.add(get(engine, "box", "/tmp/f").status)
    assert results <= {200, 503}
    assert 200 in results
