import ipaddress

import pytest
from benchmark.engine import Engine
from benchmark.growth.axes import AXES, subnet
from benchmark.marks import LABEL, CheckFailed
from benchmark.options import AXES as NAMES
from fakes.small_engine import SmallEngine


@pytest.fixture
def engine(fakes: list[SmallEngine]) -> Engine:
    return Engine("a", str(fakes[0].path))


def test_the_command_line_knows_them_all() -> None:
    assert tuple(AXES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_is_listed_and_can_be_removed(name: str, engine: Engine, fakes: list[SmallEngine]) -> None:
    axis = AXES[name]
    things = [axis.make(engine, 0, number) for number in range(3)]
    rows = engine.call("GET", axis.listing).json()
    assert {name for row in rows for name in axis.names(row)} == set(things)
    for thing in things:
        axis.remove(engine, thing)
    assert not (fakes[0].containers)
    assert not (fakes[0].networks)
    assert not (fakes[0].images)


def test_a_container_runs_on_the_newest_network() -> None:
    assert AXES["networks"].host(["n1", "n2"]) == {"NetworkMode": "n2"}
    assert AXES["networks"].host([]) == AXES["images"].host(["i"]) == {}


def test_networks_are_labelled_and_their_subnets_apart(engine: Engine, fakes: list[SmallEngine]) -> None:
    AXES["networks"].make(engine, 7, 1023)
    (network,) = fakes[0].networks.values()
    assert network["Labels"] == LABEL
    assert network["IPAM"] == {"Config": [{"Subnet": "198.19.255.240/28"}]}
    nets = [ipaddress.IPv4Network(subnet(slot, number)) for slot in range(8) for number in range(0, 1024, 31)]
    assert len(set(nets)) == len(nets)
    assert all(net.subnet_of(ipaddress.IPv4Network("198.18.0.0/15")) for net in nets)
    with pytest.raises(CheckFailed, match="subnets"):
        AXES["networks"].make(engine, 8, 0)


def test_a_finished_container_must_have_ended_well(engine: Engine, fakes: list[SmallEngine]) -> None:
    AXES["finished"].make(engine, 0, 0)
    (row,) = fakes[0].containers.values()
    assert (row["State"], row["Config"]["HostConfig"]) == ("exited", {"NetworkMode": "none"})
    fakes[0].exit_code = 1
    with pytest.raises(CheckFailed, match="exit code 1"):
        AXES["finished"].make(engine, 0, 1)


def test_only_the_first_thousand_of_the_finished_have_run(engine: Engine, fakes: list[SmallEngine]) -> None:
    AXES["finished"].make(engine, 0, 999)
    AXES["finished"].make(engine, 0, 1000)
    assert [row["State"] for row in fakes[0].containers.values()] == ["exited", "created"]
