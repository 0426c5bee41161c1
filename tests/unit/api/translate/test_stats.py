import json
from dataclasses import replace
from typing import Any

from fakes.containers import SECOND, a_container, a_sample, stats_sample

from pier.api.translate.stats import describe_stats
from pier.domain.runtime import BlkioEntry, ResourceSample
from pier.engine.containers.usage import StatsSample
from pier.wire.shape import compact


def shown(sample: StatsSample, before: ResourceSample | None = None, *, named: bool = True) -> Any:
    return json.loads(compact(describe_stats(sample, before, named=named)))


def test_v1_has_keys_of_its_own() -> None:
    v1 = replace(a_sample(SECOND), cpu_per_cpu=(1, 2), memory_max_usage=9, pids_limit=100)
    stats = shown(replace(stats_sample(SECOND), sample=v1))
    assert stats["cpu_stats"]["cpu_usage"]["percpu_usage"] == [1, 2]
    assert stats["memory_stats"]["max_usage"] == 9
    assert stats["pids_stats"] == {"current": 3, "limit": 100}


def test_v2_leaves_them_out() -> None:
    stats = shown(stats_sample(SECOND))
    assert "percpu_usage" not in stats["cpu_stats"]["cpu_usage"]
    assert "max_usage" not in stats["memory_stats"]
    assert stats["pids_stats"] == {"current": 3}


def test_lists_that_cannot_be_read_are_null_and_empty_ones_are_empty() -> None:
    entry = BlkioEntry(major=8, minor=0, op="read", value=5)
    sample = replace(a_sample(SECOND), blkio={"io_service_bytes": (entry,), "io_serviced": ()})
    blkio = shown(replace(stats_sample(SECOND), sample=sample))["blkio_stats"]
    assert blkio["io_service_bytes_recursive"] == [{"major": 8, "minor": 0, "op": "read", "value": 5}]
    assert (blkio["io_serviced_recursive"], blkio["io_queue_recursive"]) == ([], None)


def test_the_reading_before() -> None:
    stats = shown(stats_sample(2 * SECOND, cpu=5), a_sample(SECOND, cpu=3))
    assert (stats["read"], stats["preread"]) == ("1970-01-01T00:00:02Z", "1970-01-01T00:00:01Z")
    assert stats["precpu_stats"]["system_cpu_usage"] == 30


def test_no_interfaces_no_networks() -> None:
    assert "networks" not in shown(replace(stats_sample(SECOND), counters=None))


def test_memory_that_cannot_be_read_is_left_out() -> None:
    sample = replace(a_sample(SECOND), memory_usage=None)
    assert shown(replace(stats_sample(SECOND), sample=sample))["memory_stats"] == {}


def test_what_does_not_run_is_all_zero() -> None:
    stats = shown(StatsSample(container=a_container()))
    assert stats["cpu_stats"] == stats["precpu_stats"]
    assert stats["cpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert "system_cpu_usage" not in stats["cpu_stats"]
