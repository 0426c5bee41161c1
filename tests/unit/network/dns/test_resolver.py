import asyncio
from collections.abc import Coroutine
from typing import Any

from support.dns import question, read_answer

from pier.domain.network import Endpoint
from pier.network.dns.message import SERVFAIL, Query, Record, build_reply, parse_reply
from pier.network.dns.resolver import IN_FLIGHT, Resolver
from pier.network.dns.upstream import Upstreams
from pier.network.dns.zone import Zone


class FakeUpstreams(Upstreams):
    """Answers with many addresses once `gate` is set; `silent` has no answer at all."""

    def __init__(self) -> None:
        super().__init__([], lambda family, kind: None)  # type: ignore[arg-type, return-value]  # never called
        self.gate = asyncio.Event()
        self.silent = False
        self.asked = 0

    async def ask(self, data: bytes, query: Query, *, stream: bool) -> Any:
        self.asked += 1
        await self.gate.wait()
        answer = build_reply(query, 0, [Record(1, 60, bytes([10, 0, 0, n])) for n in range(60)])
        return None if self.silent else (answer, parse_reply(answer))


class Bench:
    def __init__(self) -> None:
        zone = self.zone = Zone()
        zone.put("c1", [Endpoint(network_id="n", network_name="n", ipv4_address="10.0.0.1", dns_names=("web",))])
        self.upstreams = FakeUpstreams()
        self.jobs: list[asyncio.Task[None]] = []
        self.group: asyncio.TaskGroup | None = None
        self.sent: list[bytes] = []
        self.resolver = Resolver("c1", zone, self.upstreams, self._spawn)

    def _spawn(self, job: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        if self.group is None:
            job.close()
            return None
        self.jobs.append(self.group.create_task(job, name=name))
        return self.jobs[-1]

    def ask(self, name: str, *, stream: bool = False) -> bool:
        return self.resolver.handle(question(name), self.sent.append, stream=stream)


async def test_names_of_containers_are_answered_at_once() -> None:
    bench = Bench()
    assert bench.ask("web")
    assert read_answer(bench.sent[0]).values == ("10.0.0.1",)
    assert bench.jobs == []


async def test_what_is_asked_again_is_answered_as_the_zone_is_then() -> None:
    bench = Bench()
    for _ in range(2):
        bench.ask("web")
    assert bench.sent[0][2:] == bench.sent[1][2:]
    bench.zone.put("c1", [Endpoint(network_id="n", network_name="n", ipv4_address="10.0.0.9", dns_names=("web",))])
    bench.ask("web")
    assert read_answer(bench.sent[2]).values == ("10.0.0.9",)
    bench.ask("web", stream=True)
    assert bench.sent[3][2:] == bench.sent[2][2:]


async def test_other_names_are_asked_for_once_and_cut_for_datagrams() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as bench.group:
        bench.ask("a.test", stream=True)
        bench.upstreams.gate.set()
    for stream in (True, False):
        bench.ask("a.test", stream=stream)
    assert bench.upstreams.asked == 1
    assert [read_answer(one).truncated for one in bench.sent] == [False, False, True]
    assert len(read_answer(bench.sent[1]).values) == 60
    bench.resolver.use(bench.upstreams)
    async with asyncio.TaskGroup() as bench.group:
        bench.ask("a.test")
    assert bench.upstreams.asked == 2


async def test_no_answer_is_an_error() -> None:
    bench = Bench()
    bench.upstreams.silent = True
    bench.upstreams.gate.set()
    async with asyncio.TaskGroup() as bench.group:
        bench.ask("a.test")
    assert read_answer(bench.sent[0]).rcode == "SERVFAIL"


async def test_questions_that_wait_are_bounded_and_given_up_at_the_end() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as bench.group:
        for number in range(IN_FLIGHT + 3):
            bench.ask(f"n{number}.test")
        assert [one[3] & 15 for one in bench.sent] == [SERVFAIL] * 3
        bench.resolver.close()
    assert all(job.cancelled() for job in bench.jobs)
    assert len(bench.jobs) == IN_FLIGHT


async def test_nobody_who_owns_jobs_is_an_error_too() -> None:
    bench = Bench()
    bench.ask("a.test")
    assert read_answer(bench.sent[0]).rcode == "SERVFAIL"


async def test_what_deserves_no_answer_gets_none() -> None:
    bench = Bench()
    assert not bench.resolver.handle(b"junk", bench.sent.append, stream=False)
    assert bench.sent == []
