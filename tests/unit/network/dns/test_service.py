"""What the service keeps and forgets; who finds whom is in tests/integration/network/test_names.py."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from fakes.port_keeper import FakePortKeeper
from support.dns import question
from support.netlab import Lab

from pier.domain.errors import NotFound, PierError
from pier.domain.network import Endpoint, NameServer
from pier.network.dns.service import KEEPER_PREFIX, NameService
from pier.network.netns import NetnsDirectory
from pier.network.worker import Worker


def endpoint(*names: str) -> Endpoint:
    return Endpoint(network_id="n", network_name="net", ipv4_address="10.0.0.1", dns_names=names)


@pytest.mark.root
def test_a_container_has_a_resolver_while_it_has_names(lab: Lab, tmp_path: Path) -> None:
    async def run() -> None:
        netns, keeper, worker = NetnsDirectory(tmp_path / "netns"), FakePortKeeper(), Worker()
        service = NameService(netns=netns, keeper=keeper, worker=worker)
        netns.create("c1", {})
        await service.put("c1", [endpoint()], [])
        assert keeper.kept == {}
        await service.put("c1", [endpoint("web")], [])
        assert sorted(keeper.kept) == [f"{KEEPER_PREFIX}c1/tcp", f"{KEEPER_PREFIX}c1/udp"]
        before = dict(keeper.kept)
        await service.put("c1", [endpoint("renamed")], [])
        assert keeper.kept == before
        await service.put("c1", [endpoint()], [])
        assert keeper.kept == {}
        await service.put("c1", [endpoint("web")], [])
        await service.drop("c1")
        await service.drop("c1")
        assert keeper.kept == {}
        netns.drop("c1")
        with pytest.raises(NotFound):
            await service.put("c1", [endpoint("web")], [])
        await worker.close()

    lab.run(run())


@pytest.mark.root
def test_sockets_that_the_keeper_does_not_take_are_closed(lab: Lab, tmp_path: Path) -> None:
    class BrokenKeeper(FakePortKeeper):
        async def put(self, name: str, descriptor: int) -> None:
            if name.endswith("/tcp"):
                raise PierError("full")
            await super().put(name, descriptor)

    async def run() -> None:
        netns, keeper, worker = NetnsDirectory(tmp_path / "netns"), BrokenKeeper(), Worker()
        service = NameService(netns=netns, keeper=keeper, worker=worker)
        netns.create("c1", {})
        with pytest.raises(PierError, match="full"):
            await service.put("c1", [endpoint("web")], [])
        assert keeper.kept == {}
        netns.drop("c1")
        await worker.close()

    lab.run(run())


async def test_recall_keeps_what_runs_and_forgets_the_rest(tmp_path: Path) -> None:
    keeper, worker = FakePortKeeper(), Worker()
    with (tmp_path / "file").open("w") as file:
        for name in ("dns/c1/udp", "dns/c1/tcp", "dns/c2/udp", "port/c2/tcp/0.0.0.0/80"):
            await keeper.put(name, file.fileno())
    service = NameService(netns=NetnsDirectory(tmp_path), keeper=keeper, worker=worker)
    await service.recall({"c1": [endpoint("web")]}, list(keeper.kept))
    assert sorted(keeper.kept) == ["dns/c1/tcp", "dns/c1/udp", "port/c2/tcp/0.0.0.0/80"]
    await service.drop("c1")  # it had ended while pierd was away
    assert sorted(keeper.kept) == ["port/c2/tcp/0.0.0.0/80"]
    keeper.close()
    await worker.close()


@pytest.mark.root
def test_questions_for_others_are_passed_on_only_while_it_runs(lab: Lab, tmp_path: Path) -> None:
    async def run() -> list[int]:
        netns, worker = NetnsDirectory(tmp_path / "netns"), Worker()
        service = NameService(netns=netns, keeper=FakePortKeeper(), worker=worker)
        netns.create("c1", {})
        await service.put("c1", [endpoint("web")], [NameServer("127.0.0.1", from_host=True)])
        resolver = service._servers["c1"].resolver
        codes: list[int] = []
        resolver.handle(question("a.test"), lambda answer: codes.append(answer[3] & 15), stream=True)
        assert len(codes) == 1  # at once: nobody owns the job
        async with asyncio.TaskGroup() as group:
            job = group.create_task(service.run())
            await asyncio.sleep(0)
            answered = asyncio.Event()
            resolver.handle(question("a.test"), lambda answer: answered.set(), stream=True)
            assert not answered.is_set()
            async with asyncio.timeout(5):
                await answered.wait()
            job.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job
        await service.drop("c1")
        netns.drop("c1")
        await worker.close()
        return codes

    assert lab.run(run()) == [2]
