"""What create requests of earlier versions of the API mean."""

import json
from typing import Any

import pytest

from pier.api.translate.create import load_create, warnings_of
from pier.domain.errors import InvalidArgument
from pier.engine.containers.create import CreateRequest
from pier.wire.host_config import CreateBody
from pier.wire.shape import decode

MAC, OTHER = "02:32:1c:23:00:04", "02:32:1c:23:00:05"


def body_of(keys: dict[str, Any]) -> CreateBody:
    return decode(json.dumps({"Image": "x", **keys}), CreateBody)


def load(version: int, keys: dict[str, Any], platform: str = "") -> CreateRequest:
    return load_create(body_of(keys), name="", platform=platform, version=version)


def host(**keys: Any) -> dict[str, Any]:
    return {"HostConfig": keys}


def mount(**keys: Any) -> dict[str, Any]:
    return host(Mounts=[{"Target": "/x", **keys}])


def endpoints(**settings: dict[str, Any]) -> dict[str, Any]:
    return {"NetworkingConfig": {"EndpointsConfig": settings}}


@pytest.mark.parametrize(
    ("version", "keys", "path", "then", "now"),
    [
        (25, host(AutoRemove=True), "host_config.auto_remove", False, True),
        (40, {}, "host_config.ipc_mode", "shareable", ""),
        (40, host(IpcMode="host"), "host_config.ipc_mode", "host", "host"),
        (40, mount(Type="bind", BindOptions={"NonRecursive": True}), "mount.non_recursive", False, True),
        (41, {}, "host_cgroups_on_v1", True, False),
        (42, host(ConsoleSize=[9, 9]), "host_config.console_size", (0, 0), (9, 9)),
        (42, mount(Type="bind", BindOptions={"CreateMountpoint": True}), "mount.create_mountpoint", False, True),
        (43, host(Annotations={"a": "b"}), "host_config.annotations", {}, {"a": "b"}),
        (44, {"Healthcheck": {"StartInterval": 9}}, "config.healthcheck.start_interval", 0, 9),
        (44, {}, "shallow_read_only", True, False),
        (44, endpoints(n={"MacAddress": MAC}), "endpoint.mac_address", "", MAC),
        (44, {"MacAddress": OTHER, **endpoints(n={"MacAddress": MAC})}, "endpoint.mac_address", OTHER, MAC),
        (44, {"MacAddress": OTHER, **endpoints(n={})}, "config.mac_address", "", OTHER),
        (44, {"MacAddress": OTHER}, "config.mac_address", OTHER, OTHER),
        (48, endpoints(n={"GwPriority": 5}), "endpoint.gw_priority", 0, 5),
    ],
)
def test_what_a_version_does_not_know_has_the_meaning_of_then(
    version: int, keys: dict[str, Any], path: str, then: Any, now: Any
) -> None:
    for asked, expected in ((version - 1, then), (version, now)):
        request = load(asked, keys)
        found: Any = request
        for name in path.split("."):
            if name == "mount":
                [found] = request.host_config.mounts
            elif name == "endpoint":
                [found] = request.endpoint_requests.values()
            else:
                found = getattr(found, name)
        assert found == expected


def test_the_platform_of_a_create_is_of_a_later_time() -> None:
    assert load(40, {}, platform="linux/s390x").platform is None
    assert load(41, {}, platform="linux/s390x").platform is not None


@pytest.mark.parametrize(
    ("version", "keys", "words"),
    [
        (
            44,
            mount(Type="bind", BindOptions={"ReadOnlyForceRecursive": True}),
            "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
        ),
        (44, endpoints(a={}, b={}), "Container cannot be created with multiple network endpoints: a, b"),
        (44, {"MacAddress": MAC, **host(NetworkMode="host")}, "mac-address and the network mode"),
        (44, {"MacAddress": MAC, **host(NetworkMode="container:x")}, "mac-address and the network mode"),
        (
            45,
            mount(Type="volume", VolumeOptions={"Subpath": "a"}),
            "VolumeOptions.Subpath needs API v1.45 or newer",
        ),
        (48, mount(Type="image", Source="x"), 'Mount type "Image" needs API v1.48 or newer'),
    ],
)
def test_what_could_do_harm_if_it_were_left_out_is_refused(version: int, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        load(version - 1, keys)
    load(version, keys)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("tmpfs", "VolumeOptions"), ("bind", "TmpfsOptions"), ("volume", "TmpfsOptions")],
)
def test_options_of_another_type_were_overlooked(kind: str, options: str) -> None:
    keys = mount(Type=kind, **{options: {}})
    assert [asked.type for asked in load(41, keys).host_config.mounts] == [kind]
    with pytest.raises(InvalidArgument, match=f'{options} must not be specified on mount type "{kind}"'):
        load(42, keys)


def test_warnings() -> None:
    named = {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "local"}}}
    cases = [
        (48, host(VolumeDriver="x", Mounts=[{"Type": "volume"}]), "the container-wide volume-driver"),
        (44, {"MacAddress": MAC}, "The container-wide MacAddress field is now deprecated"),
    ]
    for version, keys, words in cases:
        assert warnings_of(body_of(keys), version - 1) == []
        [warning] = warnings_of(body_of(keys), version)
        assert words in warning
    assert warnings_of(body_of(host(VolumeDriver="x", Mounts=[named, {"Type": "bind"}])), 51) == []
