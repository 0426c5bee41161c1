import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.resources import Resources, ThrottleDevice, Ulimit, WeightDevice
from pier.domain.runtime import HostFacts
from pier.oci.resources import (
    block_device_paths,
    cgroups_path,
    effective_memory_swap,
    resource_document,
    rlimit_documents,
)

V1 = HostFacts(cgroup_version=1)
V2 = HostFacts(cgroup_version=2)


def _document(resources: Resources, facts: HostFacts = V1) -> tuple[dict[str, object], list[str]]:
    warnings: list[str] = []
    return resource_document(resources, facts, warnings, {"/dev/vda": (254, 0)}), warnings


def test_nothing_asked_is_nothing_limited() -> None:
    assert _document(Resources()) == ({}, [])
    assert _document(Resources(pids_limit=0)) == ({}, [])


def test_memory_brings_swap_of_the_same_size() -> None:
    document, _ = _document(Resources(memory=64 << 20))
    assert document["memory"] == {"limit": 64 << 20, "swap": 128 << 20}
    assert effective_memory_swap(Resources(memory=1, memory_swap=-1)) == -1
    assert effective_memory_swap(Resources()) == 0


def test_swap_is_left_out_where_it_is_not_counted() -> None:
    facts = HostFacts(swap_limit=False)
    assert _document(Resources(memory=1 << 30), facts) == ({"memory": {"limit": 1 << 30}}, [])
    _, warnings = _document(Resources(memory=1 << 30, memory_swap=2 << 30), facts)
    assert "without swap" in warnings[0]


def test_cpus_become_a_quota() -> None:
    assert _document(Resources(nano_cpus=1_500_000_000))[0]["cpu"] == {"period": 100_000, "quota": 150_000}
    assert _document(Resources(cpu_period=50_000, cpu_quota=25_000, cpu_shares=512, cpuset_cpus="0-1"))[0]["cpu"] == {
        "shares": 512,
        "period": 50_000,
        "quota": 25_000,
        "cpus": "0-1",
    }


def test_what_only_v1_has_is_a_warning_on_v2() -> None:
    asked = Resources(memory_swappiness=10, oom_kill_disable=True, cpu_realtime_period=1000)
    document, warnings = _document(asked)
    assert document == {
        "memory": {"swappiness": 10, "disableOOMKiller": True},
        "cpu": {"realtimePeriod": 1000},
    }
    assert warnings == []
    document, warnings = _document(asked, V2)
    assert document == {}
    assert len(warnings) == 3


def test_swappiness_of_minus_one_means_not_set() -> None:
    assert _document(Resources(memory_swappiness=-1)) == ({}, [])


def test_pids() -> None:
    assert _document(Resources(pids_limit=100))[0]["pids"] == {"limit": 100}
    assert _document(Resources(pids_limit=-1))[0]["pids"] == {"limit": -1}


def test_block_io_goes_by_device_numbers() -> None:
    asked = Resources(
        blkio_weight=300,
        blkio_weight_device=(WeightDevice(path="/dev/vda", weight=200),),
        blkio_device_write_iops=(ThrottleDevice(path="/dev/vda", rate=7),),
    )
    assert _document(asked)[0]["blockIO"] == {
        "weight": 300,
        "weightDevice": [{"major": 254, "minor": 0, "weight": 200}],
        "throttleWriteIOPSDevice": [{"major": 254, "minor": 0, "rate": 7}],
    }
    assert block_device_paths(asked) == {"/dev/vda"}
    unknown = Resources(blkio_device_read_bps=(ThrottleDevice(path="/dev/nope", rate=1),))
    with pytest.raises(InvalidArgument, match="/dev/nope"):
        _document(unknown)


def test_limits_without_their_controller_are_left_out_with_a_warning() -> None:
    facts = HostFacts(cgroup_version=1, cgroup_controllers=frozenset({"cpu"}))
    document, warnings = _document(Resources(memory=1 << 30, cpu_shares=2), facts)
    assert list(document) == ["cpu"]
    assert "memory" in warnings[0]


def test_cgroup_lies_below_the_parent_or_in_the_slice() -> None:
    assert cgroups_path("abc", parent="/pier", driver="cgroupfs") == "/pier/abc"
    assert cgroups_path("abc", parent="pier.slice", driver="systemd") == "pier.slice:pier:abc"
    with pytest.raises(InvalidArgument, match="slice"):
        cgroups_path("abc", parent="/pier", driver="systemd")


def _rlimits(
    ulimits: list[Ulimit], defaults: list[Ulimit] | None = None, facts: HostFacts = V1
) -> tuple[list[dict[str, object]], list[str]]:
    warnings: list[str] = []
    return rlimit_documents(ulimits, defaults or [], facts, warnings), warnings


def test_ulimits_override_the_defaults_by_name() -> None:
    defaults = [Ulimit(name="nofile", soft=1, hard=2), Ulimit(name="core", soft=0, hard=0)]
    found, _ = _rlimits([Ulimit(name="nofile", soft=10, hard=20)], defaults)
    assert found == [
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
        {"type": "RLIMIT_NOFILE", "soft": 10, "hard": 20},
    ]


def test_unlimited_is_the_kernels_infinity() -> None:
    assert _rlimits([Ulimit(name="core", soft=-1, hard=-1)])[0][0]["hard"] == 2**64 - 1


def test_ulimit_above_the_hosts_is_cut_with_a_warning() -> None:
    found, warnings = _rlimits(
        [Ulimit(name="nofile", soft=30_000, hard=-1)], facts=HostFacts(hard_limits={"nofile": 20_000})
    )
    assert found == [{"type": "RLIMIT_NOFILE", "soft": 20_000, "hard": 20_000}]
    assert "nofile is cut to 20000" in warnings[0]


@pytest.mark.parametrize("bad", [Ulimit(name="nothing", soft=1, hard=1), Ulimit(name="nofile", soft=2, hard=1)])
def test_impossible_ulimits_are_refused(bad: Ulimit) -> None:
    with pytest.raises(InvalidArgument, match="ulimit"):
        _rlimits([bad])
