from collections.abc import Callable

from support.dns import question, read_answer

from pier.domain.network import Endpoint
from pier.network.dns.answer import local_answer
from pier.network.dns.message import Query, parse_query
from pier.network.dns.recent import SIZE, Recent
from pier.network.dns.zone import Zone


def endpoint(address: str, *names: str) -> Endpoint:
    return Endpoint(network_id="n", network_name="n", ipv4_address=address, dns_names=names)


def answered(zone: Zone, data: bytes) -> bytes:
    query = parse_query(data)
    assert isinstance(query, Query)
    answer = local_answer(zone, "c1", query, limit=512)
    assert answer is not None
    return answer


def test_an_answer_is_given_again_with_the_id_of_the_question() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("10.0.0.1", "web")])
    recent, data = Recent(zone), question("web")
    assert recent.get(data) is None
    recent.put(data, answered(zone, data))
    again = b"\xab\xcd" + data[2:]
    known = recent.get(again)
    assert known is not None
    assert known[:2] == b"\xab\xcd"
    assert read_answer(known).values == ("10.0.0.1",)
    assert recent.get(question("WEB")) is None  # an answer repeats the question's own letters


def test_any_change_of_the_zone_forgets_all() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("10.0.0.1", "web")])
    changes: list[Callable[[], None]] = [
        lambda: zone.put("c2", [endpoint("10.0.0.2", "other")]),
        lambda: zone.leave("c2", "n"),
        lambda: zone.drop("c1"),
    ]
    for change in changes:
        recent, data = Recent(zone), question("web")
        recent.put(data, answered(zone, data))
        assert recent.get(data) is not None
        change()
        assert recent.get(data) is None


def test_several_addresses_are_told_in_another_order_each_time() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("10.0.0.1", "web")])
    zone.put("c2", [endpoint("10.0.0.2", "web")])
    recent, data = Recent(zone), question("web")
    recent.put(data, answered(zone, data))
    assert recent.get(data) is None


def test_it_is_bounded() -> None:
    zone = Zone()
    zone.put("c1", [endpoint("10.0.0.1", "web")])
    recent, data = Recent(zone), question("web")
    answer = answered(zone, data)
    for number in range(SIZE + 1):
        recent.put(question(f"n{number}"), answer)
    assert recent.get(question(f"n{SIZE}")) is not None
    assert recent.get(question("n1")) is None
    long = question("x") + bytes(600)
    recent.put(long, answer)
    assert recent.get(long) is None
