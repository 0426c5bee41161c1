from pier.domain.cdi import CdiMount, DeviceNode, Edits, Hook
from pier.oci.edits import apply_edits, devices_of
from pier.oci.inputs import Device, Document


def spec() -> Document:
    return {"process": {"env": ["PATH=/bin", "A=old"], "user": {"additionalGids": [5]}}, "mounts": []}


def test_edits_go_into_the_spec() -> None:
    document = spec()
    edits = Edits(
        env=("A=new",),
        mounts=(
            CdiMount(host_path="/lib/x", container_path="/lib/x", options=("ro",)),
            CdiMount(host_path="tmpfs", container_path="/t", type="tmpfs", options=("nosuid",)),
        ),
        hooks=(Hook(name="createContainer", path="/h", args=("h", "1"), timeout=2), Hook(name="poststop", path="/p")),
        additional_gids=(5, 6),
    )
    apply_edits(document, edits)
    assert document == {
        "process": {"env": ["PATH=/bin", "A=new"], "user": {"additionalGids": [5, 6]}},
        "mounts": [
            {"destination": "/lib/x", "type": "bind", "source": "/lib/x", "options": ["ro", "rbind"]},
            {"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]},
        ],
        "hooks": {
            "createContainer": [{"path": "/h", "args": ["h", "1"], "timeout": 2}],
            "poststop": [{"path": "/p"}],
        },
    }


def test_no_edits_change_nothing() -> None:
    document = spec()
    apply_edits(document, Edits())
    assert document == spec()


def test_nodes_are_devices() -> None:
    node = DeviceNode(path="/dev/in", host_path="/dev/out", type="b", major=8, minor=1, permissions="r")
    assert devices_of(Edits(nodes=(node,))) == (Device(path="/dev/in", type="b", major=8, minor=1, permissions="r"),)
