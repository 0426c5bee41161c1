import socket
from ipaddress import ip_address, ip_interface, ip_network

from pier.network.families import family_of


def test_each_kind_of_value_has_its_family() -> None:
    for value in (ip_address("10.0.0.1"), ip_interface("10.0.0.1/8"), ip_network("10.0.0.0/8")):
        assert family_of(value) == socket.AF_INET
    for value in (ip_address("fd00::1"), ip_interface("fd00::1/64"), ip_network("fd00::/64")):
        assert family_of(value) == socket.AF_INET6
