import struct

from support.dns import name_bytes, question, read_answer

from pier.network.dns.cache import SIZE, Cache
from pier.network.dns.message import parse_reply


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def answer(ttl: int, *, flags: int = 0x8180, name: str = "a.test", count: int = 1, extra: bytes = b"") -> bytes:
    record = struct.pack(">HHHIH", 0xC00C, 1, 1, ttl, 4) + b"\1\2\3\4"
    head = struct.pack(">HHHHHH", 7, flags, 1, count, 0, 0)
    return head + name_bytes(name) + b"\0\1\0\1" + record * count + extra


def put(cache: Cache, query: bytes, data: bytes) -> None:
    cache.put(query, data, parse_reply(data))


def test_an_answer_lives_as_long_as_it_says_and_shows_its_age() -> None:
    cache, clock = Cache(clock := Clock()), clock
    put(cache, question("a.test", number=1), answer(10))
    clock.now += 4
    assert read_answer(cache.get(question("a.test", number=2)) or b"").ttl == 6
    assert cache.get(question("A.TEST", number=2)) is None
    assert cache.get(question("a.test", "AAAA", number=2)) is None
    clock.now += 6
    assert cache.get(question("a.test", number=2)) is None


def test_nothing_lives_longer_than_a_minute() -> None:
    cache, clock = Cache(clock := Clock()), clock
    put(cache, question("a.test"), answer(86400))
    clock.now += 59
    assert cache.get(question("a.test")) is not None
    clock.now += 1
    assert cache.get(question("a.test")) is None


def test_what_is_uncertain_is_not_remembered() -> None:
    cache = Cache(Clock())
    for data in (
        answer(10, flags=0x8182),  # SERVFAIL
        answer(10, flags=0x8380),  # truncated
        answer(0),
        answer(10, count=0),  # no records, and nobody says for how long
        answer(10, flags=0x8183, count=0),
        answer(10, count=200),
    ):
        put(cache, question("a.test"), data)
        assert cache.get(question("a.test")) is None


def test_it_does_not_grow() -> None:
    cache = Cache(Clock())
    for number in range(SIZE + 10):
        put(cache, question(f"n{number}.test"), answer(10, name=f"n{number}.test"))
        assert cache.get(question("n0.test")) is not None  # what is used stays
    assert sum(cache.get(question(f"n{number}.test")) is not None for number in range(SIZE + 10)) == SIZE
