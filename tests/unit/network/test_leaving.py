import pytest
from support.netlab import Lab

from pier.network.leaving import Leaving
from pier.network.worker import Worker


@pytest.mark.root
def test_a_link_is_gone_once_it_is_settled(lab: Lab) -> None:
    lab.sh("ip link add veth0000000001 type veth peer name other")

    async def run() -> None:
        worker = Worker()
        leaving = Leaving(worker)
        await leaving.settle("c1")
        leaving.begin("c1", "veth0000000001")
        leaving.begin("c1", "never-there")
        await leaving.settle("c2")
        await leaving.settle("c1")
        await leaving.settle("c1")
        await worker.close()

    lab.run(run())
    assert "veth0000000001" not in lab.sh("ip -o link")
