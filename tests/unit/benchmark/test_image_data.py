import io
import json
import tarfile

from benchmark.image_data import LINES, base_layers, digest, docker_archive, member_digests, random_layers, tar_of
from support.facilities import require_command


def test_lines_are_ten_megabytes_of_a_hundred_bytes() -> None:
    assert len(LINES) == 10_000_000
    assert {len(line) for line in LINES.splitlines(keepends=True)} == {100}


def test_archive_of_layers() -> None:
    archive, ids = docker_archive("bench-x:latest", [b"one", b"two"])
    assert ids == [digest(b"one"), digest(b"two")]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        read = {name: file.read() for name, file in files.items() if file}
    (manifest,) = json.loads(read["manifest.json"])
    assert manifest["RepoTags"] == ["bench-x:latest"]
    assert [read[name] for name in manifest["Layers"]] == [b"one", b"two"]
    assert json.loads(read[manifest["Config"]])["rootfs"]["diff_ids"] == ids


def test_random_layers_are_never_alike() -> None:
    layers = random_layers(3000) + random_layers(3000)
    assert len(set(layers)) == 6


def test_digests_of_the_large_members() -> None:
    archive = tar_of({"small": b"x", "large": b"y" * 100, "link": "large"})
    assert member_digests(archive, larger_than=50) == {digest(b"y" * 100)}


def test_base_layers_hold_busybox_and_its_applets() -> None:
    layers = base_layers(require_command("busybox"))
    with tarfile.open(fileobj=io.BytesIO(layers[0])) as tar:
        assert tar.getmember("bin/sh").linkname == "busybox"
        assert tar.getmember("bin/busybox").mode == 0o755
    with tarfile.open(fileobj=io.BytesIO(layers[1])) as tar:
        assert tar.getmember("lines").size == len(LINES)
