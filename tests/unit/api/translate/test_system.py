import json
from dataclasses import replace

from fakes.engine_objects import FakeSystem

from pier.api.translate.system import describe_info, describe_version
from pier.domain.runtime import HostFacts
from pier.wire.shape import encode


async def test_without_containerd_there_is_one_component_less() -> None:
    facts = await FakeSystem().version()
    names = [item.name for item in describe_version(replace(facts, containerd_version="")).components]
    assert names == ["Engine"]


async def test_limits_follow_the_kernels_controllers() -> None:
    facts = HostFacts(cgroup_version=2, cgroup_controllers=frozenset({"memory", "cpu"}), swap_limit=False)
    info = describe_info(replace(await FakeSystem().info(), facts=facts), 51, open_files=1, jobs=1)
    assert (info.memory_limit, info.cpu_shares, info.cpu_set, info.pids_limit) == (True, True, False, False)
    assert (info.swap_limit, info.oom_kill_disable, info.cgroup_version) == (False, False, "2")


async def test_registries() -> None:
    given = replace(
        await FakeSystem().info(),
        insecure_registries=("reg:5000", "10.0.0.0/8"),
        registry_mirrors=("https://m", "http://n:1/"),
    )
    config = describe_info(given, 51, open_files=1, jobs=1).registry_config
    assert (config.mirrors, config.index_configs["docker.io"].mirrors) == (["https://m/", "http://n:1/"],) * 2
    assert config.index_configs["reg:5000"].secure is False
    assert "10.0.0.0/8" in config.insecure_registry_cidrs


async def test_groups_of_shims_are_shown_where_there_are_some() -> None:
    info = await FakeSystem().info()
    assert "ShimGroups" not in json.loads(encode(describe_info(info, 51, open_files=1, jobs=1)))
    shown = describe_info(replace(info, shim_groups=(16, 2)), 51, open_files=1, jobs=1)
    assert json.loads(encode(shown))["ShimGroups"] == [16, 2]
