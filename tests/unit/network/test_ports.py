import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import fetch

from pier.domain.errors import Conflict, InvalidArgument, Unsupported
from pier.domain.network import PortBinding, PortRequest, PublishedPort
from pier.network import ports as module
from pier.network.ports import PortTable, Reservation

LOCAL = "127.0.0.1"


def ask(host_port: str = "", *, host_ip: str = LOCAL, protocol: str = "tcp") -> PortRequest:
    return PortRequest(port=80, protocol=protocol, binding=PortBinding(host_ip=host_ip, host_port=host_port))


@pytest.fixture
def table() -> Iterator[PortTable]:
    made = PortTable()
    yield made
    made.close()


def reserve(table: PortTable, *requests: PortRequest, container_id: str = "c1") -> list[Reservation]:
    done: list[Reservation] = []
    try:
        table.reserve_all(container_id, requests, "0.0.0.0", done)
    except BaseException:
        table.release(done)
        raise
    return done


@pytest.fixture
def free_port() -> int:
    return fetch.free_port()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_reserved_port_is_refused_to_others(table: PortTable, free_port: int, protocol: str) -> None:
    (held,) = reserve(table, ask(str(free_port), protocol=protocol))
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as other, pytest.raises(OSError, match="in use"):
        other.bind((LOCAL, free_port))
    table.release([held])
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((LOCAL, free_port))


def test_who_may_have_any_port_does_not_take_it_from_who_must_have_one(table: PortTable, free_port: int) -> None:
    table._next_ephemeral["tcp", LOCAL] = free_port
    fixed = PortRequest(port=81, protocol="tcp", binding=PortBinding(host_ip=LOCAL, host_port=str(free_port)))
    made = [reservation.published for reservation in reserve(table, ask(), fixed)]
    assert [one.port for one in made] == [80, 81]  # in the order they were asked for
    assert made[0].host_port != made[1].host_port == free_port


def test_nobody_is_answered_on_a_reserved_port(table: PortTable, free_port: int) -> None:
    reserve(table, ask(str(free_port)))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOCAL, free_port), timeout=1)


def test_clash_with_another_container_and_with_a_host_process_differ(table: PortTable, free_port: int) -> None:
    reserve(table, ask(str(free_port)))
    for host_ip in (LOCAL, "", "0.0.0.0"):
        with pytest.raises(Conflict, match=rf"{free_port} failed: port is already allocated$"):
            reserve(table, ask(str(free_port), host_ip=host_ip))
    with socket.socket() as other:
        other.bind((LOCAL, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(Conflict, match=rf"failed to bind host port {LOCAL}:{taken}/tcp: address already in use$"):
            reserve(table, ask(str(taken)))


def test_one_port_on_two_addresses_or_by_two_protocols_is_no_clash(table: PortTable, free_port: int) -> None:
    text = str(free_port)
    assert len(reserve(table, ask(text), ask(text, host_ip="127.0.0.2"), ask(text, protocol="udp"))) == 3


def test_port_with_connections_in_time_wait_can_be_reserved_and_is_held(table: PortTable) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOCAL, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((LOCAL, port)) as client:
            connection, _ = server.accept()
            connection.close()  # the first to close is the one that waits
            assert client.recv(1) == b""
    with socket.socket() as plain, pytest.raises(OSError, match="in use"):
        plain.bind((LOCAL, port))

    reserve(table, ask(str(port)))

    with pytest.raises(OSError, match="in use"):
        socket.create_server((LOCAL, port))  # sets SO_REUSEADDR, as servers do
    second = PortTable()
    with pytest.raises(Conflict, match="address already in use"):
        reserve(second, ask(str(port)))


def test_ephemeral_ports_come_from_the_kernel_s_range_in_turn(
    table: PortTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text("21001\t21003\n")
    monkeypatch.setattr(module, "_LOCAL_RANGE", tmp_path / "range")
    first, second = reserve(table, ask(), ask())
    assert (first.published.host_port, second.published.host_port) == (21001, 21002)
    table.release([first])
    assert reserve(table, ask())[0].published.host_port == 21003
    assert reserve(table, ask())[0].published.host_port == 21001
    with pytest.raises(Conflict, match="all tcp ports in the kernel's range of ephemeral ports are allocated"):
        reserve(table, ask())


def test_range_gives_its_first_free_port(table: PortTable) -> None:
    assert [reserve(table, ask("21011-21012"))[0].published.host_port for _ in range(2)] == [21011, 21012]
    with pytest.raises(Conflict, match="all tcp ports of 21011-21012 are allocated"):
        reserve(table, ask("21011-21012"))


def test_adopted_port_is_the_keeper_s_or_bound_again_or_without_a_socket(table: PortTable, free_port: int) -> None:
    published = PublishedPort(port=80, protocol="tcp", host_ip=LOCAL, host_port=free_port)
    kept = socket.socket()
    kept.bind((LOCAL, free_port))

    adopted = table.adopt("c1", published, kept.detach())
    assert adopted.sock is not None
    assert adopted.sock.getsockname() == (LOCAL, free_port)
    table.release([adopted])

    again = table.adopt("c1", published, None)
    assert again.sock is not None
    assert PortTable().adopt("c1", published, None).sock is None
    with pytest.raises(Conflict, match="already allocated"):
        reserve(table, ask(str(free_port)))


def test_an_ipv6_address_is_reserved_beside_ipv4_and_carried(table: PortTable, free_port: int) -> None:
    (four,) = reserve(table, ask(str(free_port), host_ip="127.0.0.1"))
    (six,) = reserve(table, ask(str(free_port), host_ip="0:0:0:0:0:0:0:1"))
    assert (six.published.host_ip, six.is_carried, four.is_carried) == ("::1", True, False)
    for address in ("::1", "::"):
        with pytest.raises(Conflict, match=rf"Bind for \[{address}\]:{free_port} failed: port is already allocated"):
            reserve(table, ask(str(free_port), host_ip=address))
    with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="in use"):
        other.bind(("::1", free_port))


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_without_an_address_a_port_has_one_number_in_both_families(
    table: PortTable, free_port: int, protocol: str
) -> None:
    done = reserve(table, ask(str(free_port), host_ip="", protocol=protocol), ask(host_ip="", protocol=protocol))
    assert [one.published.host_ip for one in done] == ["0.0.0.0", "::"] * 2
    assert done[0].published.host_port == done[1].published.host_port == free_port
    assert done[2].published.host_port == done[3].published.host_port
    assert len(reserve(table, ask(host_ip="0.0.0.0", protocol=protocol))) == 1


def test_a_number_that_one_family_lacks_is_passed_over_or_refused(table: PortTable) -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 21110))
        with pytest.raises(Conflict, match=r"failed to bind host port \[::\]:21110/tcp: address already in use"):
            reserve(table, ask("21110", host_ip=""))
        assert {one.published.host_port for one in reserve(table, ask("21110-21111", host_ip=""))} == {21111}
    reserve(table, ask("21110", host_ip="0.0.0.0"))  # the refusal has left nothing


def test_a_host_without_ipv6_publishes_on_ipv4(
    table: PortTable, free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").touch()
    for path in (tmp_path / "absent", tmp_path / "empty"):
        monkeypatch.setattr(module, "_IPV6_ADDRESSES", path)
        (done,) = reserve(table, ask(str(free_port), host_ip=""))
        table.release([done])


def test_what_is_not_an_address_of_the_host_is_refused(table: PortTable) -> None:
    with pytest.raises(Unsupported, match="sctp port on ::1"):
        reserve(table, ask("80", host_ip="::1", protocol="sctp"))
    with pytest.raises(Conflict, match="cannot assign requested address"):
        reserve(table, ask("21020", host_ip="2001:db8::77"))
    with pytest.raises(InvalidArgument, match="host address"):
        reserve(table, ask("80", host_ip="localhost"))
    with pytest.raises(Conflict, match="cannot assign requested address"):
        reserve(table, ask("21020", host_ip="192.0.2.77"))


def test_keeper_name_tells_all() -> None:
    published = PublishedPort(port=80, protocol="udp", host_ip="0.0.0.0", host_port=53)
    assert Reservation("c1", published, None).keeper_name == "port/c1/udp/0.0.0.0/53"
