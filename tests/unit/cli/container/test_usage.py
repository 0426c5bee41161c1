import pytest

from pier.cli.container.usage import Usage, read_usage, stats_listing

SAMPLE = {
    "id": "0123456789abcdef",
    "name": "/web",
    "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
    "memory_stats": {"usage": 3 << 20, "limit": 1 << 30, "stats": {"total_inactive_file": 1 << 20}},
    "networks": {"eth0": {"rx_bytes": 1000, "tx_bytes": 10}, "eth1": {"rx_bytes": 500, "tx_bytes": 0}},
    "blkio_stats": {
        "io_service_bytes_recursive": [{"op": "Read", "value": 5}, {"op": "write", "value": 7}, {"op": "Sync"}]
    },
    "pids_stats": {"current": 3},
}


def test_numbers() -> None:
    usage = read_usage("web", SAMPLE)
    assert usage.cpu == pytest.approx(40.0)
    assert (usage.memory, usage.limit, usage.network, usage.block, usage.pids) == (
        2 << 20,
        1 << 30,
        (1500, 10),
        (5, 7),
        3,
    )


def test_cgroup_v2_memory_and_percpu_count() -> None:
    sample = {
        **SAMPLE,
        "memory_stats": {"usage": 100, "limit": 0, "stats": {"inactive_file": 40}},
        "cpu_stats": {"cpu_usage": {"total_usage": 300, "percpu_usage": [1, 2, 3]}, "system_cpu_usage": 2000},
    }
    usage = read_usage("web", sample)
    assert usage.memory == 60
    assert usage.memory_percent == 0
    assert usage.cpu == pytest.approx(60.0)


def test_rows() -> None:
    rows = stats_listing(truncate=True).render([read_usage("web", SAMPLE), Usage("other")]).splitlines()
    assert rows[1] == ("0123456789ab   web       40.00%    2MiB / 1GiB         0.20%     1.5kB / 10B   5B / 7B     3")
    assert rows[2].split() == ["other", "--", "--", "--", "/", "--", "--", "--", "--", "--"]


def test_a_stopped_container_uses_nothing() -> None:
    assert stats_listing(truncate=True).render([read_usage("x", {})]).splitlines()[1].split("  ")[0] == "x"
    assert read_usage("x", {}).cpu == 0
