"""Many containers on one network, and many networks. PIER_TEST_CROWD=1000 is the long form (some 4 GB of memory)."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.engine import Engine, nft_tables

pytestmark = [pytest.mark.root, pytest.mark.containerd]
CONTAINERS = int(os.environ.get("PIER_TEST_CROWD", "12"))
NETWORKS = max(10, CONTAINERS // 5)
AT_ONCE = 4


def all_of(work: Callable[[int], object], numbers: Sequence[int]) -> float:
    """Does the work for each, some at once; the seconds that took."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, numbers))
    return time.monotonic() - began


def test_many_containers_on_one_network(engine: Engine, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine.docker("network", "create", "crowd").check()

    def run(number: int) -> None:
        body = {"Image": image, "Cmd": ["sleep", "100000"], "HostConfig": {"NetworkMode": "crowd"}}
        made = engine.call("POST", f"/containers/create?name=crowd{number}", body, timeout=120)
        assert made.status == 201, made.body
        started = engine.call("POST", f"/containers/crowd{number}/start", timeout=120)
        assert started.status == 204, started.body

    def remove(number: int) -> None:
        gone = engine.call("DELETE", f"/containers/crowd{number}?force=1", timeout=120)
        assert gone.status == 204, gone.body

    numbers = range(CONTAINERS)
    took = {"create and start": all_of(run, numbers)}
    last = CONTAINERS - 1
    for one, other in ((0, last), (last, 0), (last // 2, last)):
        engine.docker("exec", f"crowd{one}", "ping", "-c1", "-w10", f"crowd{other}").check()
    began = time.monotonic()
    assert len(engine.call("GET", "/containers/json").json()) >= CONTAINERS
    took["list"] = time.monotonic() - began
    assert len(engine.call("GET", "/networks/crowd").json()["Containers"]) == CONTAINERS
    engine.kill()
    began = time.monotonic()
    engine.start()
    took["pierd killed, to its first answer"] = time.monotonic() - began
    engine.docker("exec", "crowd0", "ping", "-c1", "-w10", f"crowd{last}").check()
    took["remove"] = all_of(remove, numbers)
    engine.docker("network", "rm", "crowd").check()
    with capsys.disabled():
        print(f"\n{CONTAINERS} containers:", ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items()))


def test_many_networks(engine: Engine, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    def create(number: int) -> None:
        made = engine.call("POST", "/networks/create", {"Name": f"net{number}"}, timeout=120)
        assert made.status == 201, made.body

    def remove(number: int) -> None:
        assert engine.call("DELETE", f"/networks/net{number}", timeout=120).status == 204

    numbers = range(NETWORKS)
    took = {"create": all_of(create, numbers)}
    last = f"net{NETWORKS - 1}"
    engine.docker("run", "-d", "--name", "there", "--network", last, image, "sleep", "1000").check()
    engine.docker("run", "--rm", "--network", last, image, "ping", "-c1", "-w10", "there").check()
    engine.docker("rm", "-f", "there").check()
    took["remove"] = all_of(remove, numbers)
    assert {network["Name"] for network in engine.call("GET", "/networks").json()} == {"bridge", "host", "none"}
    assert len(nft_tables(engine.namespace.replace("-", "_"))) == 1
    with capsys.disabled():
        print(f"\n{NETWORKS} networks:", ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items()))
