from typing import Any

import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.mount import MountPoint, MountRequest
from pier.domain.runtime import HostFacts
from pier.oci.inputs import HOST, Namespaces, SpecInputs
from pier.oci.mounts import mount_documents, root_propagation

FILES = {"hostname": "/f/hostname", "hosts": "/f/hosts", "resolv.conf": "/f/resolv.conf"}


def _inputs(host_config: HostConfig | None = None, *points: MountPoint, **more: Any) -> SpecInputs:
    container = Container(
        id="a" * 64,
        name="x",
        created_at=0,
        image_ref="",
        image_id="",
        config=Config(),
        host_config=host_config or HostConfig(),
        mount_points=points,
    )
    given: dict[str, Any] = {"files": FILES, "facts": HostFacts(kernel="6.1.0"), **more}
    return SpecInputs(container=container, **given)


def _by_destination(inputs: SpecInputs) -> dict[str, Any]:
    documents: list[Any] = list(mount_documents(inputs))
    destinations = [document["destination"] for document in documents]
    assert len(destinations) == len(set(destinations))
    return dict(zip(destinations, documents, strict=True))


def _bind(destination: str, source: str = "/src", **more: Any) -> MountPoint:
    return MountPoint(type="bind", destination=destination, source=source, **more)


def test_kernel_file_systems_come_first() -> None:
    mounts = _by_destination(_inputs())
    assert list(mounts)[:7] == [
        "/proc",
        "/dev",
        "/dev/pts",
        "/sys",
        "/sys/fs/cgroup",
        "/dev/mqueue",
        "/dev/shm",
    ]
    assert "ro" in mounts["/sys"]["options"]
    assert "ro" in mounts["/sys/fs/cgroup"]["options"]
    assert "size=67108864" in mounts["/dev/shm"]["options"]


def test_files_are_bound_privately_and_writable() -> None:
    mounts = _by_destination(_inputs())
    for name in ("hostname", "hosts", "resolv.conf"):
        assert mounts[f"/etc/{name}"] == {
            "destination": f"/etc/{name}",
            "type": "bind",
            "source": f"/f/{name}",
            "options": ["rbind", "rprivate"],
        }


def test_shm_size_is_honoured() -> None:
    assert "size=1048576" in _by_destination(_inputs(HostConfig(shm_size=1 << 20)))["/dev/shm"]["options"]


def test_ipc_modes() -> None:
    assert "/dev/shm" not in _by_destination(_inputs(HostConfig(ipc_mode="none")))
    host = _by_destination(_inputs(HostConfig(ipc_mode="host"), namespaces=Namespaces(ipc=HOST)))
    assert (host["/dev/shm"]["type"], host["/dev/shm"]["source"]) == ("bind", "/dev/shm")
    assert host["/dev/mqueue"]["type"] == "mqueue"
    shared = _by_destination(_inputs(HostConfig(ipc_mode="container:x"), shm_source="/run/shm/x"))
    assert shared["/dev/shm"]["source"] == "/run/shm/x"


def test_privileged_opens_sys_and_cgroups() -> None:
    mounts = _by_destination(_inputs(HostConfig(privileged=True)))
    assert "ro" not in mounts["/sys"]["options"]
    assert "ro" not in mounts["/sys/fs/cgroup"]["options"]


def test_read_only_root_closes_the_files_but_not_dev() -> None:
    mounts = _by_destination(_inputs(HostConfig(readonly_rootfs=True)))
    assert "ro" in mounts["/etc/hosts"]["options"]
    for destination in ("/dev", "/dev/shm", "/proc"):
        assert "ro" not in mounts[destination]["options"]


def test_users_mounts_replace_defaults_at_the_same_place() -> None:
    mounts = _by_destination(_inputs(None, _bind("/dev/shm"), _bind("/etc/hosts"), _bind("/proc/")))
    assert mounts["/dev/shm"]["source"] == mounts["/etc/hosts"]["source"] == "/src"
    assert "/proc" not in mounts


def test_mount_over_dev_hides_everything_below() -> None:
    mounts = _by_destination(_inputs(None, _bind("/dev")))
    assert [destination for destination in mounts if destination.startswith("/dev")] == ["/dev"]


def test_outer_mounts_come_before_inner_ones() -> None:
    mounts = list(_by_destination(_inputs(None, _bind("/a/b/c"), _bind("/etc"), _bind("/a"))))
    assert mounts.index("/a") < mounts.index("/a/b/c")
    assert mounts.index("/etc") < mounts.index("/etc/hosts")


def test_bind_options() -> None:
    points = (
        _bind("/a"),
        _bind("/b", writable=False),
        _bind("/c", writable=False, recursive_read_only=True),
        _bind("/d", non_recursive=True, propagation="rshared"),
    )
    mounts = _by_destination(_inputs(None, *points))
    assert mounts["/a"]["options"] == ["rbind", "rprivate"]
    assert mounts["/b"]["options"] == ["rbind", "rprivate", "ro"]
    assert mounts["/c"]["options"] == ["rbind", "rprivate", "ro", "rro"]
    assert mounts["/d"]["options"] == ["bind", "rshared"]


def test_recursive_read_only_on_an_old_kernel_falls_back_unless_forced() -> None:
    old = HostFacts(kernel="5.4.0")
    point = _bind("/a", writable=False, recursive_read_only=True)
    assert "rro" not in _by_destination(_inputs(None, point, facts=old))["/a"]["options"]
    request = MountRequest(type="bind", read_only_force_recursive=True)
    forced = _bind("/a", writable=False, recursive_read_only=True, request=request)
    with pytest.raises(InvalidArgument, match=r"5\.12"):
        mount_documents(_inputs(None, forced, facts=old))


def test_volume_subpath_is_below_its_directory() -> None:
    point = MountPoint(type="volume", destination="/v", source="/vol/_data", subpath="a/b")
    assert _by_destination(_inputs(None, point))["/v"]["source"] == "/vol/_data/a/b"


def test_tmpfs_is_closed_unless_opened() -> None:
    tmpfs = {"/t": "", "/u": "exec,size=64m", "/w": "ro,suid,mode=700"}
    mounts = _by_destination(_inputs(HostConfig(tmpfs=tmpfs)))
    assert mounts["/t"]["options"] == ["noexec", "nosuid", "nodev"]
    assert mounts["/u"]["options"] == ["nosuid", "nodev", "exec", "size=64m"]
    assert mounts["/w"]["options"] == ["noexec", "nodev", "ro", "suid", "mode=700"]


def test_tmpfs_mount_point() -> None:
    point = MountPoint(type="tmpfs", destination="/t", options=("size=1m",), writable=False)
    mounts = _by_destination(_inputs(HostConfig(tmpfs={"/t": "size=9m"}), point))
    assert mounts["/t"]["options"] == ["noexec", "nosuid", "nodev", "size=1m", "ro"]


def test_foreign_mount_types_are_refused() -> None:
    with pytest.raises(Unsupported, match="npipe"):
        mount_documents(_inputs(None, MountPoint(type="npipe", destination="/x")))


def test_init_binary_is_bound_read_only() -> None:
    mounts = _by_destination(_inputs(init_binary="/usr/bin/tini"))
    assert mounts["/sbin/docker-init"]["options"] == ["rbind", "rprivate", "ro"]


def test_propagation_of_the_root_follows_its_binds() -> None:
    assert root_propagation([_bind("/a")]) == ""
    assert root_propagation([_bind("/a", propagation="rslave")]) == "rslave"
    assert root_propagation([_bind("/a", propagation="slave"), _bind("/b", propagation="rshared")]) == "shared"
