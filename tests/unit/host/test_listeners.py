import os
import socket
from pathlib import Path

import pytest

from pier.domain.errors import NotFound
from pier.host.listeners import list_listeners, parse_address


def test_addresses_are_words_of_the_hosts_order() -> None:
    assert parse_address("0100007F") == "127.0.0.1"
    assert parse_address("00000000000000000000000001000000") == "::1"


def test_sockets_that_wait_are_found_with_their_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        found = {(one.protocol, one.port): one for one in list_listeners(os.getpid(), [os.getpid(), 1 << 30])}
        for sock, protocol in ((tcp, "tcp"), (udp, "udp")):
            one = found[protocol, sock.getsockname()[1]]
            assert one.address == "127.0.0.1"
            assert f"({os.getpid()})" in one.owner
    found = {(one.protocol, one.port): one for one in list_listeners(os.getpid(), [])}
    assert not any(one.owner for one in found.values())


def test_a_process_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list_listeners(7, [7], tmp_path)
