"""The resolver at 127.0.0.11: who finds whom by which name, other servers, restarts, bad packets, speed."""

import os
import random
import socket
from pathlib import Path

import pytest
from support.asking import asking
from support.dns import NameServerThread, ask, exchange, question, read_answer
from support.netlab import Lab
from support.network_engine import NetworkEngine
from support.timing import Times, assert_takes_less
from support.wait import wait_for

from pier.domain.network import NameServer, Network
from pier.network.dns import upstream

pytestmark = pytest.mark.root


@pytest.fixture
def front(site: NetworkEngine) -> Network:
    return site.create("front", bridge="pier1")


@pytest.fixture
def back(site: NetworkEngine) -> Network:
    return site.create("back", bridge="pier2")


def address(site: NetworkEngine, container_id: str, number: int = 0) -> str:
    return site.endpoints[container_id][number].ipv4_address


@pytest.mark.parametrize("stream", [False, True])
def test_names_aliases_and_addresses_are_found_in_any_case(site: NetworkEngine, front: Network, stream: bool) -> None:
    client, _ = site.named(front, "client")
    _, db = site.named(front, "db", "primary", "0123456789ab", "Host-Name")

    for name in ("db", "DB", "primary", "0123456789ab", "host-name", "db.front", "Primary.FRONT"):
        answer = ask(client, name, stream=stream)
        assert (answer.rcode, answer.values) == ("NOERROR", (address(site, db),)), name
    assert ask(client, "db", "AAAA", stream=stream).rcode == "NOERROR"
    assert ask(client, "db", "AAAA", stream=stream).values == ()
    reverse = ".".join(reversed(address(site, db).split("."))) + ".in-addr.arpa"
    assert ask(client, reverse, "PTR", stream=stream).values == ("db.front",)
    assert ask(client, "client", stream=stream).values == (client_address(site, "client"),)


def client_address(site: NetworkEngine, name: str) -> str:
    return next(one.ipv4_address for several in site.endpoints.values() for one in several if name in one.dns_names)


def test_all_who_have_an_alias_are_in_one_answer_and_those_who_leave_drop_out_at_once(
    site: NetworkEngine, front: Network, back: Network
) -> None:
    client, _ = site.named(front, "client")
    several = [site.named(front, f"web{number}", "web")[1] for number in range(3)]
    addresses = {address(site, one) for one in several}
    assert set(ask(client, "web").values) == addresses

    site.unplug(several[0], front)
    assert set(ask(client, "web").values) == addresses - {client_of(addresses, site, several[1:])}
    site.end(site.endpoints[several[1]][0])
    assert ask(client, "web").values == (address(site, several[2]),)
    site.name(several[2], "renamed")
    assert ask(client, "web").rcode == "SERVFAIL"
    assert ask(client, "renamed").values == (address(site, several[2]),)


def client_of(addresses: set[str], site: NetworkEngine, left: list[str]) -> str:
    """The address that those who are left do not have."""
    (gone,) = addresses - {address(site, one) for one in left}
    return gone


def test_names_are_seen_across_shared_networks_only(site: NetworkEngine, front: Network, back: Network) -> None:
    client, client_id = site.named(front, "client")
    _, db = site.named(back, "db")
    assert ask(client, "db").rcode == "SERVFAIL"
    assert ask(client, "db.back").rcode == "SERVFAIL"

    site.connect(client_id, back, interface="eth1")
    site.name(client_id, "client")
    assert ask(client, "db").values == (address(site, db),)
    assert ask(client, "db.front").rcode == "SERVFAIL"

    site.unplug(client_id, back)
    assert ask(client, "db").rcode == "SERVFAIL"


def test_port_53_stays_free_for_the_container(site: NetworkEngine, front: Network) -> None:
    client, _ = site.named(front, "client")
    client.serve(53, protocol="udp")
    client.serve(53)
    assert ask(client, "client").rcode == "NOERROR"
    assert (client.ask("127.0.0.1", 53) or "").startswith("client ")


def test_other_names_go_to_the_containers_servers_from_inside_and_to_the_hosts_loopback(
    lab: Lab, site: NetworkEngine, front: Network
) -> None:
    outside = lab.neighbour("outside", 1)
    client, client_id = site.named(front, "client")
    public = NameServerThread(outside, "10.9.1.2", {"example.test": ["192.0.2.1"]})
    local = NameServerThread(lab, "127.0.0.53", {"host.test": ["192.0.2.2"]})

    site.serve_names(client_id, NameServer("10.9.1.2"))
    for stream in (False, True):
        assert ask(client, "example.test", stream=stream).values == ("192.0.2.1",)
        assert ask(client, "nowhere.test", stream=stream).rcode == "NXDOMAIN"
    site.serve_names(client_id, NameServer("127.0.0.53", from_host=True))
    assert ask(client, "host.test").values == ("192.0.2.2",)
    assert ask(client, "client").values == (address(site, client_id),)
    assert "client" not in {*public.asked, *local.asked}
    public.close()
    local.close()


def test_answers_are_remembered_and_the_next_server_helps_when_one_is_silent(
    lab: Lab, site: NetworkEngine, front: Network
) -> None:
    dead = NameServerThread(lab, "127.0.0.52", {})
    alive = NameServerThread(lab, "127.0.0.53", {"a.test": ["192.0.2.1"], "b.test": ["192.0.2.2"]})
    dead.silent = True
    client, client_id = site.named(front, "client")
    servers = NameServer("127.0.0.52", from_host=True), NameServer("127.0.0.53", from_host=True)
    site.serve_names(client_id, *servers)

    for _ in range(5):
        assert ask(client, "a.test").values == ("192.0.2.1",)
    assert dead.asked == alive.asked == ["a.test"]
    alive.silent = True
    assert ask(client, "b.test", timeout=20).rcode == "SERVFAIL"
    assert 2 * upstream.TIMEOUT < 5  # before the client gives up
    assert dead.asked == alive.asked == ["a.test", "b.test"]
    dead.close()
    alive.close()


def test_a_forged_answer_is_not_believed(lab: Lab, site: NetworkEngine, front: Network) -> None:
    server = NameServerThread(lab, "127.0.0.53", {"a.test": ["192.0.2.1"]})
    client, client_id = site.named(front, "client")
    site.serve_names(client_id, NameServer("127.0.0.53", from_host=True))

    server.change = lambda answer: bytes([answer[0] ^ 1]) + answer[1:]  # another id
    assert ask(client, "a.test").rcode == "SERVFAIL"
    server.change = lambda answer: answer.replace(b"\x01a\x04test", b"\x01z\x04test")
    assert ask(client, "a.test").rcode == "SERVFAIL"
    server.change = lambda answer: answer
    assert ask(client, "a.test").values == ("192.0.2.1",)
    server.close()


def test_what_does_not_fit_a_datagram_is_marked_and_whole_by_tcp(lab: Lab, site: NetworkEngine, front: Network) -> None:
    many = [f"192.0.2.{number}" for number in range(100)]
    server = NameServerThread(lab, "127.0.0.53", {"many.test": many})
    client, client_id = site.named(front, "client")
    site.serve_names(client_id, NameServer("127.0.0.53", from_host=True))
    everyone = {address(site, site.named(front, f"w{number}", "workers")[1]) for number in range(40)}

    for name, wanted in (("many.test", set(many)), ("workers", everyone)):
        small = ask(client, name)
        assert small.truncated, name
        assert small.size <= 512
        assert set(ask(client, name, stream=True).values) == wanted
    assert set(ask(client, "workers", size=1232).values) == everyone
    server.close()


def test_questions_wait_while_the_engine_restarts(lab: Lab, site: NetworkEngine, front: Network) -> None:
    client, _ = site.named(front, "client")
    _, db = site.named(front, "db")
    with asking(lambda: ask(client, "db").values) as client_of_db:  # which raises TimeoutError for a lost question
        for _ in range(5):
            site.restart()
            client_of_db.await_new_answer()

    assert set(client_of_db.answers) == {(address(site, db),)}
    assert len([name for name in site.keeper.kept if name.startswith("dns/")]) == 4


def test_sockets_of_a_container_that_ended_meanwhile_are_forgotten_at_start(lab: Lab, tmp_path: Path) -> None:
    async def kept_names() -> list[str]:
        return list(site.keeper.kept)

    site = NetworkEngine(lab, tmp_path, kept_names=kept_names)
    site.start()
    network = site.create("front", bridge="pier1")
    client, _ = site.named(network, "client")
    _, gone = site.named(network, "gone")
    del site.endpoints[gone]

    site.restart()

    assert {name.split("/")[1] for name in site.keeper.kept} == set(site.endpoints)
    assert ask(client, "gone").rcode == "SERVFAIL"
    site.teardown()


def test_container_that_ends_leaves_no_namespace_and_no_sockets(lab: Lab, site: NetworkEngine, front: Network) -> None:
    place, container_id = site.named(front, "client")
    endpoint = site.endpoints[container_id][0]
    lab.leave(place)

    site.end(endpoint)

    assert site.keeper.kept == {}
    wait_for(lambda: endpoint.host_interface not in lab.sh("ip -o link"), what="the interface is gone")


def test_garbage_is_survived(site: NetworkEngine, front: Network) -> None:
    client, container_id = site.named(front, "client")
    dice = random.Random(7)
    whole = question("client")
    with client.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.connect(("127.0.0.11", 53))
        for _ in range(1000):  # fewer than may wait for a resolver that is slow: the last question is no garbage
            spoiled = bytearray(whole)
            for _ in range(dice.randrange(1, 6)):
                spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
            sock.send(bytes(spoiled)[: dice.randrange(len(spoiled) + 1)])
    for _ in range(20):
        with client.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as sock:
            sock.connect(("127.0.0.11", 53))
            sock.sendall(os.urandom(dice.randrange(1, 300)))

    assert read_answer(exchange(client, whole)).values == (address(site, container_id),)
    assert read_answer(exchange(client, whole, stream=True)).values == (address(site, container_id),)


def test_a_container_that_floods_gets_an_error_rather_than_memory(
    lab: Lab, site: NetworkEngine, front: Network
) -> None:
    server = NameServerThread(lab, "127.0.0.53", {})
    server.silent = True
    client, client_id = site.named(front, "client")
    site.serve_names(client_id, NameServer("127.0.0.53", from_host=True))
    with client.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.11", 53))
        for number in range(150):
            sock.send(question(f"n{number}.test"))
        refused = [read_answer(sock.recv(512)).rcode for _ in range(50)]
    assert set(refused) == {"SERVFAIL"}
    assert ask(client, "client").rcode == "NOERROR"
    server.close()


def test_answers_are_quick(site: NetworkEngine, front: Network) -> None:
    client, _ = site.named(front, "client")
    site.named(front, "db")
    with client.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.connect(("127.0.0.11", 53))
        data = question("db")

        def work(times: Times) -> None:
            with times.measured():
                sock.send(data)
                sock.recv(512)

        assert_takes_less(work, 0.002)
