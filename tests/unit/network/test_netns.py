import os
import threading
from pathlib import Path

import pytest

from pier.domain.errors import InvalidArgument, NotFound
from pier.network.netns import NetnsDirectory, enter, in_thread, parse_counters

TABLE = """Inter-|   Receive                           |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:  100  1 0 0 0 0 0 0  100  1 0 0 0 0 0 0
  eth0: 1792 27 1 2 0 0 0 0 1228 18 3 4 0 0 0 0
"""


@pytest.fixture
def directory(tmp_path: Path) -> NetnsDirectory:
    return NetnsDirectory(tmp_path / "netns")


def test_counters_of_proc_net_dev_leave_loopback_out() -> None:
    (eth0,) = parse_counters(TABLE)
    assert (eth0.name, eth0.rx_bytes, eth0.rx_packets, eth0.rx_errors, eth0.rx_dropped) == ("eth0", 1792, 27, 1, 2)
    assert (eth0.tx_bytes, eth0.tx_packets, eth0.tx_errors, eth0.tx_dropped) == (1228, 18, 3, 4)


@pytest.mark.parametrize("name", ["kernel.msgmax", "net", "net.", "net/../kernel/msgmax", "net..ipv4.x", "/net/ipv4/x"])
def test_sysctl_outside_the_network_is_refused_before_anything_is_made(directory: NetnsDirectory, name: str) -> None:
    with pytest.raises(InvalidArgument, match="sysctl"):
        directory.create("one", {name: "1"})
    assert directory.list_ids() == []


def test_thread_raises_what_its_work_raised() -> None:
    nothing: dict[str, int] = {}
    with pytest.raises(KeyError, match="lost"):
        in_thread(lambda: nothing["lost"])
    assert in_thread(threading.get_ident) != threading.get_ident()


def test_absent_namespace_is_dropped_without_error_and_not_found_when_opened(directory: NetnsDirectory) -> None:
    directory.drop("nobody")
    assert directory.list_ids() == []
    with pytest.raises(NotFound), directory.opened("nobody"):
        pass


@pytest.mark.root
def test_namespace_has_loopback_up_and_outlives_its_thread(directory: NetnsDirectory) -> None:
    home = os.readlink("/proc/thread-self/ns/net")

    def look_inside(descriptor: int) -> tuple[str, str, str]:
        enter(descriptor)
        return look()

    directory.create("one", {"net.ipv4.ip_default_ttl": "33"})
    try:
        with directory.opened("one") as descriptor:
            inside, ttl, flags = in_thread(lambda: look_inside(descriptor))
        assert inside != home
        assert os.readlink("/proc/thread-self/ns/net") == home
        assert ttl == "33"
        assert int(flags, 16) & 1
        assert directory.counters("one") == []
    finally:
        directory.drop("one")


@pytest.mark.root
def test_namespace_made_again_is_new_and_drop_leaves_neither_mount_nor_file(directory: NetnsDirectory) -> None:
    first = os.open(directory.create("one", {}), os.O_RDONLY)  # kept alive: the kernel gives its number out again
    try:
        assert directory.create("one", {}).stat().st_ino != os.fstat(first).st_ino
    finally:
        os.close(first)
    directory.drop("one")
    directory.drop("one")
    assert directory.list_ids() == []
    assert str(directory.directory) not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.root
def test_namespace_whose_sysctl_fails_is_not_left_behind(directory: NetnsDirectory) -> None:
    with pytest.raises(InvalidArgument, match="does not exist"):
        directory.create("one", {"net.ipv4.no_such_thing": "1"})
    with pytest.raises(InvalidArgument, match="does not take the value"):
        directory.create("one", {"net.ipv4.ip_default_ttl": "70000"})
    assert directory.list_ids() == []


def look() -> tuple[str, str, str]:
    """What a thread sees where it stands: its namespace, the ttl, loopback's flags."""
    from pier.network.link import Links

    with Links() as links:
        loopback = links.find("lo")
    return (
        os.readlink("/proc/thread-self/ns/net"),
        Path("/proc/sys/net/ipv4/ip_default_ttl").read_text().strip(),
        hex(int(loopback is not None and loopback.up)),
    )
