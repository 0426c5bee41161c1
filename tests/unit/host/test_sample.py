from pathlib import Path

import pytest
from fakes.cgroups import record_hybrid, record_v1, record_v2, write_files

from pier.domain.errors import NotFound
from pier.domain.runtime import BlkioEntry, ResourceSample
from pier.host.hierarchy import find_hierarchy
from pier.host.sample import read_oom_kills, read_sample

MEGA = 1 << 20


def _sample(root: Path) -> ResourceSample:
    return read_sample(find_hierarchy(root), "/pier/a", root)


@pytest.fixture
def v1(tmp_path: Path) -> Path:
    record_v1(tmp_path)
    top = tmp_path / "sys/fs/cgroup"
    write_files(
        top / "cpu,cpuacct/pier/a",
        {
            "cpuacct.usage": "5000000123\n",
            "cpuacct.usage_percpu": "2000000000 3000000123 \n",
            "cpuacct.stat": "user 300\nsystem 200\n",
            "cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 777\n",
        },
    )
    write_files(
        top / "memory/pier/a",
        {
            "memory.usage_in_bytes": f"{20 * MEGA}\n",
            "memory.max_usage_in_bytes": f"{30 * MEGA}\n",
            "memory.limit_in_bytes": f"{64 * MEGA}\n",
            "memory.failcnt": "4\n",
            "memory.stat": "cache 1\ntotal_inactive_file 4096\n",
        },
    )
    write_files(top / "pids/pier/a", {"pids.current": "7\n", "pids.max": "100\n"})
    write_files(
        top / "blkio/pier/a",
        {
            "blkio.throttle.io_service_bytes": "254:0 Read 4096\n254:0 Write 0\nTotal 4096\n",
            "blkio.throttle.io_serviced": "254:0 Read 1\nTotal 1\n",
            "blkio.time_recursive": "254:0 12\n",
        },
    )
    return tmp_path


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    record_v2(tmp_path)
    write_files(
        tmp_path / "sys/fs/cgroup/pier/a",
        {
            "cpu.stat": "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 10\nnr_throttled 3\n"
            "throttled_usec 7\n",
            "memory.current": f"{20 * MEGA}\n",
            "memory.max": "max\n",
            "memory.stat": "anon 1\ninactive_file 4096\n",
            "memory.events": "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n",
            "pids.current": "7\n",
            "pids.max": "max\n",
            "io.stat": "254:0 rbytes=4096 wbytes=512 rios=1 wios=2 dbytes=0 dios=0\n",
        },
    )
    return tmp_path


def test_v1_cpu(v1: Path) -> None:
    sample = _sample(v1)
    assert (sample.cpu_total, sample.cpu_per_cpu) == (5000000123, (2000000000, 3000000123))
    assert (sample.cpu_user, sample.cpu_kernel) == (3_000_000_000, 2_000_000_000)
    assert (sample.throttled_periods, sample.throttled_count, sample.throttled_time) == (10, 3, 777)


def test_v1_memory_and_pids(v1: Path) -> None:
    sample = _sample(v1)
    assert (sample.memory_usage, sample.memory_max_usage, sample.memory_limit) == (20 * MEGA, 30 * MEGA, 64 * MEGA)
    assert (sample.memory_failcnt, sample.memory_stats["total_inactive_file"]) == (4, 4096)
    assert (sample.pids_current, sample.pids_limit) == (7, 100)


def test_v1_without_a_limit(v1: Path) -> None:
    (v1 / "sys/fs/cgroup/memory/pier/a/memory.limit_in_bytes").write_text("9223372036854771712\n")
    (v1 / "sys/fs/cgroup/pids/pier/a/pids.max").write_text("max\n")
    assert (_sample(v1).memory_limit, _sample(v1).pids_limit) == (None, None)


def test_v1_block_io_without_the_totals(v1: Path) -> None:
    read = {name: entries for name, entries in _sample(v1).blkio.items() if entries}
    assert read == {
        "io_service_bytes": (
            BlkioEntry(major=254, minor=0, op="Read", value=4096),
            BlkioEntry(major=254, minor=0, op="Write", value=0),
        ),
        "io_serviced": (BlkioEntry(major=254, minor=0, op="Read", value=1),),
        "io_time": (BlkioEntry(major=254, minor=0, op="", value=12),),
    }


def test_v2_is_turned_into_the_same_units(v2: Path) -> None:
    sample = _sample(v2)
    assert (sample.cpu_total, sample.cpu_user, sample.cpu_kernel) == (5_000_000, 3_000_000, 2_000_000)
    assert (sample.throttled_periods, sample.throttled_time) == (10, 7_000)
    assert (sample.memory_usage, sample.memory_limit, sample.memory_max_usage) == (20 * MEGA, None, None)
    assert (sample.memory_failcnt, sample.memory_stats["inactive_file"]) == (2, 4096)
    assert (sample.pids_current, sample.pids_limit) == (7, None)
    assert sample.blkio == {
        "io_service_bytes": (
            BlkioEntry(major=254, minor=0, op="read", value=4096),
            BlkioEntry(major=254, minor=0, op="write", value=512),
        )
    }


def test_system_time_counts_all_cpus(v1: Path) -> None:
    sample = _sample(v1)
    assert (sample.system_cpu, sample.online_cpus) == (1165 * 10_000_000, 2)


def test_unreadable_controller_is_left_out(tmp_path: Path) -> None:
    record_hybrid(tmp_path)
    (tmp_path / "sys/fs/cgroup/pids/pier/a").mkdir(parents=True)
    sample = _sample(tmp_path)
    assert (sample.memory_usage, sample.pids_current, sample.blkio) == (None, None, {})


@pytest.mark.parametrize("record", [record_v1, record_v2])
def test_cgroup_that_is_gone(tmp_path: Path, record: object) -> None:
    assert callable(record)
    record(tmp_path)
    with pytest.raises(NotFound, match="cgroup /pier/a is gone"):
        _sample(tmp_path)


def test_processes_killed_for_want_of_memory(v1: Path, tmp_path: Path) -> None:
    hierarchy = find_hierarchy(v1)
    assert read_oom_kills(hierarchy, "/pier/a") == 0
    counted = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
    (v1 / "sys/fs/cgroup/memory/pier/a/memory.oom_control").write_text(counted)
    assert read_oom_kills(hierarchy, "/pier/a") == 3
    assert read_oom_kills(hierarchy, "/pier/gone") == 0
    unified = tmp_path / "unified"
    record_v2(unified)
    (unified / "sys/fs/cgroup/pier/a").mkdir(parents=True, exist_ok=True)
    (unified / "sys/fs/cgroup/pier/a/memory.events").write_text("oom 4\noom_kill 2\n")
    assert read_oom_kills(find_hierarchy(unified), "/pier/a") == 2
