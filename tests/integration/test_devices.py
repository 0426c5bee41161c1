"""Devices: by path, by CDI name, GPUs by CDI, and all of them for a privileged container."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import load_image
from support.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def with_cdi(new_engine: Callable[..., Engine], tmp_path: Path) -> Engine:
    """An engine with a CDI file: the device `test.com/thing=one`, and two GPUs."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "driver.so").write_text("driver\n")
    mount = {"hostPath": str(shared), "containerPath": "/opt/driver", "options": ["ro", "rbind"]}
    zero = {"path": "/dev/thing", "hostPath": "/dev/zero", "permissions": "r"}
    specs: dict[str, tuple[str, dict[str, Any]]] = {
        "thing.json": ("test.com/thing", {"one": {"env": ["THING=one"], "deviceNodes": [zero], "mounts": [mount]}}),
        "gpu.yaml": ("nvidia.com/gpu", {str(n): {"env": [f"GPU{n}=yes"]} for n in range(2)}),
    }
    for name, (kind, devices) in specs.items():
        entries = [{"name": device, "containerEdits": edits} for device, edits in devices.items()]
        (tmp_path / name).write_text(json.dumps({"cdiVersion": "0.6.0", "kind": kind, "devices": entries}))
    engine = new_engine("--cdi-spec-dir", str(tmp_path))
    engine.start()
    load_image(engine)
    return engine


def test_a_cdi_device_brings_its_node_mount_and_variables(with_cdi: Engine, image: str) -> None:
    script = (
        "echo $THING; stat -c %t:%T /dev/thing; cat /opt/driver/driver.so; head -c 1 /dev/thing | wc -c;"
        " touch /opt/driver/x; echo > /dev/thing"
    )
    done = with_cdi.docker("run", "--rm", "--device", "test.com/thing=one", image, "sh", "-c", script)
    assert done.stdout.split() == ["one", "1:5", "driver", "1"]
    assert "Read-only file system" in done.stderr


def test_gpus_are_found_by_cdi(with_cdi: Engine, image: str) -> None:
    script = "env | grep ^GPU | sort | xargs"
    for asked, seen in (("all", "GPU0=yes GPU1=yes"), ("1", "GPU0=yes"), ("device=1", "GPU1=yes")):
        assert with_cdi.docker("run", "--rm", "--gpus", asked, image, "sh", "-c", script).check().stdout.strip() == seen


def test_unknown_cdi_devices_are_named(with_cdi: Engine, image: str) -> None:
    done = with_cdi.docker("run", "--rm", "--device", "test.com/thing=two", image, "true")
    assert "unresolvable CDI devices test.com/thing=two" in done.stderr
    info = with_cdi.call("GET", "/v1.51/info").json()
    assert {"Source": "cdi", "ID": "test.com/thing=one"} in info["DiscoveredDevices"]


def test_without_gpus_dockers_words(engine: Engine, image: str) -> None:
    done = engine.docker("run", "--rm", "--gpus", "all", image, "true")
    assert 'could not select device driver "" with capabilities: [[gpu]]' in done.stderr


def test_a_privileged_container_has_the_hosts_devices(engine: Engine, image: str) -> None:
    before = devices()
    done = engine.docker("run", "--rm", "--privileged", image, "ls", "/dev").check()
    lasting = before & devices()  # some, as of loops, come and go with what others do on this host
    assert lasting - {"console"} <= set(done.stdout.split())


def devices() -> set[str]:
    return {path.name for path in Path("/dev").iterdir() if path.is_block_device() or path.is_char_device()}


def test_cgroups_may_be_made_writable(engine: Engine, image: str) -> None:
    script = "grep -c ' /sys/fs/cgroup.* rw' /proc/mounts"
    plain = engine.docker("run", "--rm", image, "sh", "-c", "grep ' /sys/fs/cgroup[^ ]* cgroup' /proc/mounts")
    assert " ro," in plain.stdout
    body = {"Image": image, "Cmd": ["sh", "-c", script], "HostConfig": {"SecurityOpt": ["writable-cgroups=true"]}}
    made = engine.call("POST", "/containers/create?name=rw", body)
    assert made.status == 201, made.body
    engine.call("POST", "/containers/rw/start")
    engine.call("POST", "/containers/rw/wait")
    assert int(engine.docker("logs", "rw").check().stdout) > 0
