from typing import Any

import pytest

from pier.wire.fitting import fit_for
from pier.wire.host_config import CreateBody


def fitted(host_config: object) -> Any:
    return fit_for(CreateBody)({"HostConfig": host_config})["HostConfig"]


def test_keys_fit_whatever_their_case_and_unknown_ones_go() -> None:
    given = {"image": "a", "HOSTCONFIG": {"memory": 1, "Nonsense": 2, "blkiodevicereadiops": []}, "nonsense": 3}
    assert fit_for(CreateBody)(given) == {"Image": "a", "HostConfig": {"Memory": 1, "BlkioDeviceReadIOps": []}}


def test_names_in_maps_keep_their_case() -> None:
    assert fitted({"annotations": {"Some.Name": "x"}}) == {"Annotations": {"Some.Name": "x"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Dns": [None, "x"]}, {"Dns": ["", "x"]}),
        ({"CapAdd": [None]}, {"CapAdd": [""]}),
        ({"Annotations": {"a": None}}, {"Annotations": {"a": ""}}),
        ({"Devices": [None]}, {"Devices": [{}]}),
        ({"DeviceRequests": [{"Capabilities": [None, [None]]}]}, {"DeviceRequests": [{"Capabilities": [[], [""]]}]}),
        ({"PortBindings": {"80/tcp": None}}, {"PortBindings": {"80/tcp": None}}),
        ({"Dns": None}, {"Dns": None}),
    ],
)
def test_null_in_a_list_or_a_map_is_the_zero_of_its_type(given: object, expected: object) -> None:
    assert fitted(given) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [([], [0, 0]), ([24], [24, 0]), ([None, 80], [0, 80]), ([1, 2, 3], [1, 2])]
)
def test_an_array_has_its_length(size: object, expected: object) -> None:
    assert fitted({"ConsoleSize": size}) == {"ConsoleSize": expected}


@pytest.mark.parametrize(
    "given", [[], "x", 1, None, {"Dns": "x"}, {"Dns": {"a": 1}}, {"ConsoleSize": 1}, {"Tmpfs": []}]
)
def test_what_cannot_fit_is_left_for_the_conversion_to_refuse(given: object) -> None:
    assert fitted(given) == given
