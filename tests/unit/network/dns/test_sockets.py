import socket

import pytest
from support.dns import NameServerThread
from support.netlab import Lab

from pier.network.dns.sockets import ADDRESS, open_servers, open_socket, render_redirection


def test_both_protocols_are_led_to_their_port() -> None:
    text = render_redirection(1111, 2222)
    assert f"udp dport 53 dnat to {ADDRESS}:1111" in text
    assert f"tcp dport 53 dnat to {ADDRESS}:2222" in text
    assert text.startswith("create table ip pier_dns\n")


@pytest.mark.root
def test_sockets_are_inside_and_opening_again_replaces_the_rules(lab: Lab) -> None:
    place = lab.neighbour("inside", 1)
    place.sh("ip link set lo up")
    for _ in range(2):
        datagrams, listener = open_servers(place.netns)
        with datagrams, listener:
            assert datagrams.getsockname()[0] == listener.getsockname()[0] == ADDRESS
            assert datagrams.getsockname()[1] > 1023

            def send() -> None:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.sendto(b"hello", (ADDRESS, 53))

            place.do(send)
            datagrams.settimeout(2)
            assert datagrams.recv(100) == b"hello"
    assert place.sh("nft list ruleset").count("dnat to") == 2
    assert "pier_dns" not in lab.sh("nft list ruleset")


@pytest.mark.root
def test_a_socket_for_questions_is_inside_and_does_not_block(lab: Lab) -> None:
    place = lab.neighbour("inside", 1)
    server = NameServerThread(place, "10.9.1.2", {})
    with open_socket(place.netns, socket.AF_INET, socket.SOCK_STREAM) as sock:
        assert not sock.getblocking()
        sock.settimeout(2)
        sock.connect(("10.9.1.2", 53))
    server.close()
