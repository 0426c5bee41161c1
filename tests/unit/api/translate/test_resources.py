import json
from typing import cast

import pytest

from pier.api.translate.resources import describe_resources, load_resources
from pier.domain.resources import DeviceMapping, Resources
from pier.wire.host_config import DeviceMapping as WireDevice
from pier.wire.host_config import DeviceRequest, HostConfig
from pier.wire.shape import compact


def test_nothing_asked_for_is_nothing_limited() -> None:
    assert load_resources(HostConfig()) == Resources()


def test_zero_and_null_of_a_pids_limit_are_told_apart() -> None:
    assert load_resources(HostConfig(pids_limit=0)).pids_limit == 0
    assert load_resources(HostConfig(pids_limit=None)).pids_limit is None


def test_a_device_is_named_inside_as_outside_by_default() -> None:
    (device,) = load_resources(HostConfig(devices=[WireDevice(path_on_host="/dev/a")])).devices
    assert device == DeviceMapping(host_path="/dev/a", container_path="/dev/a", permissions="rwm")


def test_unlimited_is_null_where_docker_has_null() -> None:
    shown = json.loads(compact(HostConfig(**describe_resources(Resources()))))  # type: ignore[arg-type]
    assert (shown["PidsLimit"], shown["MemorySwappiness"], shown["OomKillDisable"], shown["Ulimits"]) == (
        None,
        None,
        None,
        [],
    )


@pytest.mark.parametrize("options", [None, {}, {"a": "b"}])
def test_options_of_a_device_request_are_shown_as_given(options: dict[str, str] | None) -> None:
    given = HostConfig(device_requests=[DeviceRequest(driver="cdi", options=options)])
    [shown] = cast("list[DeviceRequest]", describe_resources(load_resources(given))["device_requests"])
    assert shown.options == options
