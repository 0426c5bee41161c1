import json
from pathlib import Path
from typing import Any

import pytest

from pier.domain.cdi import CdiMount, DeviceNode, Edits, Hook
from pier.host.cdi import read_cdi


def write(directory: Path, name: str, devices: dict[str, Any], **shared: Any) -> None:
    directory.mkdir(exist_ok=True)
    document = {
        "cdiVersion": "0.6.0",
        "kind": "test.com/thing",
        "containerEdits": shared,
        "devices": [{"name": device, "containerEdits": edits} for device, edits in devices.items()],
    }
    (directory / name).write_text(json.dumps(document))  # which is YAML, too


def test_a_device_has_its_own_edits_and_those_of_its_file(tmp_path: Path) -> None:
    hook = {"hookName": "createContainer", "path": "/bin/true", "args": ["true", "x"], "timeout": 3}
    mount = {"hostPath": "/usr", "containerPath": "/opt/usr", "options": ["ro", "bind"]}
    node = {"path": "/dev/thing", "type": "c", "major": 10, "minor": 7, "fileMode": 0o600, "permissions": "r", "uid": 5}
    write(tmp_path, "a.yaml", {"one": {"env": ["A=1"], "deviceNodes": [node]}}, mounts=[mount], hooks=[hook])
    assert read_cdi([str(tmp_path)]) == {
        "test.com/thing=one": Edits(
            env=("A=1",),
            nodes=(
                DeviceNode(
                    path="/dev/thing", host_path="/dev/thing", type="c", major=10, minor=7, mode=0o600, uid=5,
                    permissions="r",
                ),
            ),
            mounts=(CdiMount(host_path="/usr", container_path="/opt/usr", options=("ro", "bind")),),
            hooks=(Hook(name="createContainer", path="/bin/true", args=("true", "x"), timeout=3),),
        )
    }  # fmt: skip


def test_numbers_that_the_file_leaves_out_are_looked_up(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"null": {"deviceNodes": [{"path": "/dev/x", "hostPath": "/dev/null"}]}})
    (node,) = read_cdi([str(tmp_path)])["test.com/thing=null"].nodes
    assert (node.path, node.type, node.major, node.minor, node.mode) == ("/dev/x", "c", 1, 3, 0o666)


def test_a_later_directory_wins_and_a_double_in_one_counts_for_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = tmp_path / "etc", tmp_path / "run"
    write(first, "a.json", {"one": {"env": ["A=etc"]}, "two": {}})
    write(second, "a.json", {"one": {"env": ["A=run"]}, "three": {}})
    write(second, "b.json", {"three": {}})
    found = read_cdi([str(first), str(second), str(tmp_path / "absent")])
    assert sorted(found) == ["test.com/thing=one", "test.com/thing=two"]
    assert found["test.com/thing=one"].env == ("A=run",)
    assert "test.com/thing=three stands twice" in caplog.text


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"kind": "x", "devices": []}', "a: [b", '{"kind": "a/b", "devices": [{"name": "x"}]}'],
)
def test_a_file_that_cannot_be_understood_is_left_out(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, "good.json", {"one": {}})
    (tmp_path / "bad.yaml").write_text(text)
    assert list(read_cdi([str(tmp_path)])) == ["test.com/thing=one"]
    assert "bad.yaml is left out" in caplog.text


def test_a_node_that_is_not_there_costs_its_file_only(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"one": {"deviceNodes": [{"path": "/dev/absent-thing"}]}})
    assert read_cdi([str(tmp_path)]) == {}
