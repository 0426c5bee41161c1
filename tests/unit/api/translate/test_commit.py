import pytest

from pier.api.translate.commit import load_commit, load_update
from pier.domain.errors import InvalidArgument, Unsupported
from pier.wire.container import ContainerConfig
from pier.wire.host_config import DeviceMapping, HostConfig, RestartPolicy, Ulimit


def test_instructions_come_in_one_text_or_in_several() -> None:
    query = {"container": ["web"], "changes": ["CMD a\nENV b=c", "USER d"]}
    request = load_commit(query, ContainerConfig(), pause=False)
    assert (request.container, request.pause, request.config) == ("web", False, None)
    assert request.changes == ("CMD a", "ENV b=c", "USER d")


def test_a_configuration_that_says_something_is_taken() -> None:
    request = load_commit({}, ContainerConfig(cmd=["x"]), pause=True)
    assert request.config is not None
    assert request.config.cmd == ("x",)


def test_zeros_and_empty_names_change_nothing() -> None:
    request = load_update(HostConfig(memory=0, restart_policy=RestartPolicy(name="", maximum_retry_count=0)))
    assert (request.resources.memory, request.restart_policy) == (0, None)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (HostConfig(devices=[DeviceMapping(path_on_host="/dev/null")]), "Devices"),
        (HostConfig(ulimits=[Ulimit(name="nofile")]), "Ulimits"),
        (HostConfig(cgroup_parent="/x"), "CgroupParent"),
        (HostConfig(oom_kill_disable=True), "OomKillDisable"),
        (HostConfig(memory_swappiness=5), "MemorySwappiness"),
    ],
)
def test_what_only_create_takes_is_named(body: HostConfig, name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{name} cannot be updated"):
        load_update(body)


def test_what_linux_lacks_is_named() -> None:
    with pytest.raises(Unsupported, match="CpuCount"):
        load_update(HostConfig(cpu_count=2))
