from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st
from support.dns import Answer, question, read_answer

from pier.domain.network import Endpoint
from pier.network.dns.answer import local_answer, read_query
from pier.network.dns.message import Query
from pier.network.dns.zone import Zone


def a_zone() -> Zone:
    zone = Zone()
    for number in range(40):
        names = f"w{number}", "web"
        address = f"10.0.0.{number + 1}"
        zone.put(f"c{number}", [Endpoint(network_id="n", network_name="net", ipv4_address=address, dns_names=names)])
    return zone


def answered(name: str, kind: str = "A", *, limit: int = 4096, klass: bytes = b"\0\1") -> Answer | None:
    query = read_query(question(name, kind)[:-2] + klass)
    assert isinstance(query, Query)
    data = local_answer(a_zone(), "c0", query, limit=limit)
    return read_answer(data) if data else None


def test_a_known_name_has_addresses_and_else_nothing() -> None:
    found = answered("W3.Net")
    assert found is not None
    assert (found.rcode, found.values) == ("NOERROR", ("10.0.0.4",))
    assert found.ttl <= 10
    for kind in ("AAAA", "MX", "TXT", "SOA"):
        empty = answered("w3", kind)
        assert empty is not None
        assert (empty.rcode, empty.values) == ("NOERROR", ())


def test_each_kind_of_question_gets_its_family() -> None:
    zone = Zone()
    both = Endpoint(
        network_id="n", network_name="net", ipv4_address="10.0.0.1", ipv6_address="fd00::1", dns_names=("web",)
    )
    zone.put("c", [both])

    def values(name: str, kind: str) -> tuple[str, ...]:
        query = read_query(question(name, kind))
        assert isinstance(query, Query)
        data = local_answer(zone, "c", query, limit=512)
        assert data is not None
        return read_answer(data).values

    assert values("web", "A") == ("10.0.0.1",)
    assert values("web", "AAAA") == ("fd00::1",)
    reverse = ".".join(reversed(IPv6Address("fd00::1").exploded.replace(":", ""))) + ".ip6.arpa"
    assert values(reverse, "PTR") == ("web.net",)


def test_an_address_has_its_name() -> None:
    found = answered("4.0.0.10.in-addr.arpa", "PTR")
    assert found is not None
    assert found.values == ("w3.net",)


def test_what_nobody_is_called_is_left_to_others() -> None:
    assert answered("example.test") is None
    assert answered("200.0.0.10.in-addr.arpa", "PTR") is None
    assert answered("w3", klass=b"\0\3") is None  # class CHAOS


def test_too_many_for_a_datagram_are_marked() -> None:
    found = answered("web", limit=512)
    assert found is not None
    assert found.truncated
    assert len(set(found.values)) > 20


def test_what_cannot_be_read_gets_an_error_or_nothing() -> None:
    assert read_query(b"") == b""
    assert read_query(question("a")[:2] + b"\x80" + question("a")[3:]) == b""
    spoiled = read_query(question("a", number=5)[:-3])
    assert isinstance(spoiled, bytes)
    assert (spoiled[:2], spoiled[3] & 15) == (b"\0\5", 1)
    notify = read_query(question("a")[:2] + b"\x20" + question("a")[3:])
    assert isinstance(notify, bytes)
    assert notify[3] & 15 == 4


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    query = read_query(data)
    if isinstance(query, Query):
        local_answer(a_zone(), "c0", query, limit=query.size)
