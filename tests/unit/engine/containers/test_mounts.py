"""Binds, mounts and volumes become mount points, or a refusal that says what is wrong."""

import re
from dataclasses import replace

import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.errors import InvalidArgument, PierError
from pier.domain.mount import MountPoint, MountRequest
from pier.engine.containers.mounts import asked_propagation, let_go_of, parse_bind, resolve_mounts


def nobody(ref: str) -> Container:
    raise InvalidArgument(f"No such container: {ref}")


def test_a_bind_of_a_directory() -> None:
    assert parse_bind("/host/a/../b:/in/:ro") == MountPoint(
        type="bind",
        source="/host/b",
        destination="/in",
        mode="ro",
        writable=False,
        propagation="rprivate",
        recursive_read_only=True,
    )
    assert parse_bind("/h:/in:rslave").propagation == "rslave"


def test_a_named_volume_shows_mode_z_as_docker_does() -> None:
    point = parse_bind("data:/in")
    assert (point.type, point.name, point.mode, point.copy_up) == ("volume", "data", "z", True)
    assert not parse_bind("data:/in:nocopy").copy_up


@pytest.mark.parametrize(
    "text",
    ["/a:/b:bogus", "/a:relative", "/a:/", "a:b:c:d", ":/x", "../rel:/x", "/a:/b:ro,rw", "x:/b", "vol:/b:rshared"],
)
def test_bad_binds_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_bind(text)


def test_a_volume_of_the_image_is_anonymous_unless_something_is_mounted_there() -> None:
    config = Config(volumes=("/a", "/b", "/c"))
    points = resolve_mounts(config, HostConfig(binds=("/h:/b",), tmpfs={"/c": ""}), nobody)
    by_path = {point.destination: point for point in points}
    assert set(by_path) == {"/a", "/b"}
    assert by_path["/a"].anonymous
    assert len(by_path["/a"].name) == 64
    assert by_path["/b"].type == "bind"


def test_a_read_only_bind_may_leave_what_is_below_it_as_it_is() -> None:
    mounts = (MountRequest(type="bind", source="/b", target="/y", read_only=True),)
    host = HostConfig(binds=("/a:/x:ro",), mounts=mounts)
    for shallow in (False, True):
        points = resolve_mounts(Config(), host, nobody, shallow_read_only=shallow)
        assert [(point.writable, point.recursive_read_only) for point in points] == [(False, not shallow)] * 2


@pytest.mark.parametrize(
    ("source", "asked", "expected"),
    [
        ("/", "", "rslave"),
        ("/var/lib", "", "rslave"),
        ("/var/lib/pier", "", "rslave"),
        ("/var/lib/pier/volumes/x", "", "rslave"),
        ("/var/lib/pier", "rshared", "rshared"),
        ("/run", "", "rslave"),
        ("/run", "rprivate", "rprivate"),
        ("/run/pier", "", "rslave"),
        ("/run/pier/pier.sock", "", "rprivate"),
        ("/var/lib/pierced", "", "rprivate"),
        ("/var/li", "", "rprivate"),
    ],
)
def test_a_bind_that_holds_the_engines_mounts_follows_the_host(source: str, asked: str, expected: str) -> None:
    for point in _bound(source, asked):
        [found] = let_go_of((point,), "/var/lib/pier", ("/run/pier",))
        assert (found.propagation, asked_propagation(found)) == (expected, asked)


@pytest.mark.parametrize("asked", ["private", "rprivate", "slave", "shared"])
@pytest.mark.parametrize("source", ["/", "/var/lib/pier", "/var/lib/pier/containers"])
def test_a_bind_that_would_keep_the_engines_mounts_is_refused(source: str, asked: str) -> None:
    for point in _bound(source, asked):
        with pytest.raises(InvalidArgument, match='either propagation mode "rslave" or "rshared"'):
            let_go_of((point,), "/var/lib/pier", ())


def _bound(source: str, asked: str) -> tuple[MountPoint, ...]:
    """As `-v` and as `--mount` make it."""
    mounts = (MountRequest(type="bind", source=source, target="/y", propagation=asked),)
    host = HostConfig(binds=(f"{source}:/x{asked and ':ro,' + asked}",), mounts=mounts)
    return resolve_mounts(Config(), host, nobody)


def test_one_destination_twice_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="Duplicate mount point: /x"):
        resolve_mounts(Config(), HostConfig(binds=("/a:/x", "/b:/x/")), nobody)


def test_parents_are_mounted_first() -> None:
    points = resolve_mounts(Config(), HostConfig(binds=("/a:/x/y/z", "/b:/x")), nobody)
    assert [point.destination for point in points] == ["/x", "/x/y/z"]


def test_volumes_from_takes_all_mounts_and_may_make_them_read_only() -> None:
    point = MountPoint(type="volume", name="v", source="/s", destination="/d", anonymous=True, copy_up=True)
    other = Container(
        id="1" * 64,
        name="other",
        created_at=1,
        image_ref="x",
        image_id="x",
        config=Config(),
        host_config=HostConfig(),
        mount_points=(point,),
    )
    (taken,) = resolve_mounts(Config(), HostConfig(volumes_from=("other:ro",)), lambda ref: other)
    assert taken == replace(point, writable=False, copy_up=False)
    (labelled,) = resolve_mounts(Config(), HostConfig(volumes_from=("other:rw,z",)), lambda ref: other)
    assert labelled.writable
    for mode in ("nocopy", "shared", "rw,ro", "odd"):
        with pytest.raises(InvalidArgument, match="invalid mode: "):
            resolve_mounts(Config(), HostConfig(volumes_from=(f"other:{mode}",)), lambda ref: other)


@pytest.mark.parametrize(
    ("bind", "kind", "why"),
    [
        ("/a:x", "bind", "invalid mount path: 'x' mount path must be absolute"),
        ("data:x", "volume", "invalid mount path: 'x' mount path must be absolute"),
        ("/a:/b/../..", "bind", "invalid specification: destination can't be '/'"),
        ("data:/", "volume", "invalid specification: destination can't be '/'"),
    ],
)
def test_places_that_cannot_be(bind: str, kind: str, why: str) -> None:
    words = f"invalid volume specification: '{bind}': invalid mount config for type \"{kind}\": {why}"
    with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$"):
        resolve_mounts(Config(), HostConfig(binds=(bind,)), nobody)


def test_modes_of_the_other_kind_are_refused() -> None:
    with pytest.raises(
        InvalidArgument, match='mount config for type "volume": field BindOptions must not be specified'
    ):
        resolve_mounts(Config(), HostConfig(binds=("data:/d:shared",)), nobody)
    with pytest.raises(
        InvalidArgument, match='mount config for type "bind": field VolumeOptions must not be specified'
    ):
        resolve_mounts(Config(), HostConfig(binds=("/data:/d:nocopy",)), nobody)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (MountRequest(type="bind", target="/x"), InvalidArgument),
        (MountRequest(type="bind", source="/a"), InvalidArgument),
        (MountRequest(type="bind", source="rel", target="/x"), InvalidArgument),
        (MountRequest(type="bind", source="/a", target="/x", propagation="odd"), InvalidArgument),
        (MountRequest(type="tmpfs", source="/a", target="/x"), InvalidArgument),
        (MountRequest(type="volume", source="a/b", target="/x"), InvalidArgument),
        (MountRequest(type="volume", source="vol", target="/x", subpath="/a"), InvalidArgument),
        (MountRequest(type="volume", source="vol", target="/x", subpath="a/../../b"), InvalidArgument),
        (MountRequest(type="image", source="a", target="/x", subpath=".."), InvalidArgument),
        (MountRequest(type="image", target="/x"), InvalidArgument),
        (MountRequest(type="npipe", source="a", target="/x"), InvalidArgument),
    ],
)
def test_mount_requests_that_cannot_be_honoured(request_: MountRequest, error: type[PierError]) -> None:
    with pytest.raises(error):
        resolve_mounts(Config(), HostConfig(mounts=(request_,)), nobody)


def test_tmpfs_options_reach_the_mount() -> None:
    request = MountRequest(type="tmpfs", target="/t", tmpfs_size=1024, tmpfs_mode=0o1777, tmpfs_options=(("exec",),))
    (point,) = resolve_mounts(Config(), HostConfig(mounts=(request,)), nobody)
    assert point.options == ("size=1024", "mode=1777", "exec")
