import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.network.netlink import NetlinkSocket, attribute, iterate_attributes, nested, parse_attributes, text

LINKS = struct.pack("=BxHiII", 0, 0, 0, 0, 0)  # of RTM_GETLINK: all


def test_attribute_is_padded_to_four_bytes_and_its_length_is_not() -> None:
    assert attribute(3, "lo") == struct.pack("=HH", 7, 3) + b"lo\0" + b"\0"
    assert attribute(4, 1500) == struct.pack("=HHI", 8, 4, 1500)


def test_nested_attribute_is_marked_and_read_back_without_the_mark() -> None:
    data = nested(18, attribute(1, "veth"))
    assert struct.unpack_from("=HH", data)[1] == 18 | 0x8000
    assert text(parse_attributes(parse_attributes(data)[18])[1]) == "veth"


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40))))
def test_attributes_survive_the_round_trip(pairs: list[tuple[int, bytes]]) -> None:
    assert list(iterate_attributes(b"".join(attribute(kind, value) for kind, value in pairs))) == pairs


@given(st.binary(max_size=60))
def test_no_bytes_hang_or_break_the_parser(data: bytes) -> None:
    parse_attributes(data)


def test_refusal_of_the_kernel_is_an_oserror_with_its_errno() -> None:
    with NetlinkSocket() as netlink, pytest.raises(OSError) as caught:
        netlink.get(18, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, "nosuchlink"))  # RTM_GETLINK
    assert caught.value.errno == errno.ENODEV


def test_dump_lists_loopback() -> None:
    with NetlinkSocket() as netlink:
        bodies = netlink.dump(18, LINKS)
    assert "lo" in [text(parse_attributes(body[16:])[3]) for body in bodies]


class Restless(NetlinkSocket):
    """A kernel whose list changes under the first so many readers."""

    def __init__(self, changes: float) -> None:
        super().__init__()
        self.changes = changes

    def _collect(self, message: int, flags: int, payload: bytes) -> list[bytes]:
        self.changes -= 1
        if self.changes >= 0:
            raise InterruptedError
        return super()._collect(message, flags, payload)


def test_a_list_that_changes_again_and_again_is_read_in_the_end() -> None:
    with Restless(30) as route:
        assert route.dump(18, LINKS)


def test_a_list_that_never_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.network.netlink._DUMP_PATIENCE", 0.05)
    with Restless(float("inf")) as route, pytest.raises(OSError, match="kept changing"):
        route.dump(18, LINKS)
