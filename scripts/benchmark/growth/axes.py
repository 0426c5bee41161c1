"""What an engine is given more and more of, each with how one of them is made and removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from benchmark.engine import Engine
from benchmark.image_data import docker_archive, tar_of
from benchmark.marks import LABEL, TOKEN, expect

SUBNETS = int(IPv4Address("198.18.0.0"))  # a /15 that RFC 2544 keeps for benchmarks
SUBNET_SIZE = 16
RUN = 1000  # finished containers that have run; see make_finished
SLOTS = 1024  # subnets of each engine; the /15 has room for eight engines


@dataclass(frozen=True)
class Axis:
    """One kind of thing. `make` takes the engine, a slot that no other engine has, and a number that starts at 0.

    `listing` is the path of its list and `shown` what the list's time is called (empty: `ps` is that list already);
    `names` gives the ids or tags of a row of it. `host` is the HostConfig of the container that is run with so many.
    """

    name: str
    title: str
    make: Callable[[Engine, int, int], str]
    remove: Callable[[Engine, str], None]
    listing: str
    shown: str
    workers: int
    names: Callable[[Any], Sequence[str]] = lambda row: [row["Id"]]
    host: Callable[[Sequence[str]], dict[str, Any]] = lambda things: {}
    already: int = 0  # how many there are by the one container that is inspected


def make_container(engine: Engine, slot: int, number: int) -> str:
    """One more `sleep`."""
    return engine.run()


def make_finished(engine: Engine, slot: int, number: int) -> str:
    """One more that does not run; without a network, which its record does not need.

    The first thousand have run and ended. All others are only created, which leaves the same record: ten thousand runs
    on each engine would take half an hour.
    """
    host = {"NetworkMode": "none"}
    if number >= RUN:
        return engine.create(["true"], host=host)
    cid = engine.run(["true"], host=host)
    code = engine.wait(cid)
    expect(code == 0, f"exit code {code}")
    return cid


def make_network(engine: Engine, slot: int, number: int) -> str:
    """One more bridge network, with a subnet of its own: default address pools end before a hundred."""
    expect(slot < 8 and number < SLOTS, "there are subnets for 8 engines with 1,024 networks each")
    body = {
        "Name": f"bench-{TOKEN}-{slot}-{number}",
        "Driver": "bridge",
        "Labels": LABEL,
        "IPAM": {"Config": [{"Subnet": subnet(slot, number)}]},
    }
    return str(engine.call("POST", "/networks/create", body).json()["Id"])


def subnet(slot: int, number: int) -> str:
    """The subnet of an engine's network."""
    return f"{IPv4Address(SUBNETS + (slot * SLOTS + number) * SUBNET_SIZE)}/28"


def make_image(engine: Engine, slot: int, number: int) -> str:
    """One more image, with a layer of its own."""
    name = f"bench-image-{TOKEN}-{slot}-{number}:latest"
    archive, ids = docker_archive(name, [tar_of({"number": f"{TOKEN} {slot} {number}".encode()})])
    engine.load(archive, name, ids)
    return name


def remove_network(engine: Engine, name: str) -> None:
    """Removes a network."""
    engine.call("DELETE", f"/networks/{name}")


AXES = {
    axis.name: axis
    for axis in (
        Axis("containers", "running containers", make_container, Engine.remove, "/containers/json", "", 4, already=1),
        Axis(
            "networks",
            "networks",
            make_network,
            remove_network,
            "/networks",
            "network ls",
            2,
            host=lambda things: {"NetworkMode": things[-1]} if things else {},
        ),
        Axis(
            "images",
            "images",
            make_image,
            Engine.remove_image,
            "/images/json",
            "image ls",
            2,
            names=lambda row: row.get("RepoTags") or [],
        ),
        Axis(
            "finished",
            "finished containers",
            make_finished,
            Engine.remove,
            "/containers/json?all=1",
            "ps --all",
            8,
        ),
    )
}
