import json
from typing import Any

import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.errors import InvalidArgument, PierError
from pier.domain.resources import Resources, Ulimit, WeightDevice
from pier.domain.runtime import HostFacts
from pier.oci.capabilities import ALL_CAPABILITIES
from pier.oci.inputs import HOST, Device, Namespaces, SpecInputs, SpecResult
from pier.oci.spec import build_spec, reductions

EVERYTHING = HostFacts(capabilities=frozenset(ALL_CAPABILITIES))


def _container(host_config: HostConfig | None = None) -> Container:
    return Container(
        id="a" * 64,
        name="x",
        created_at=0,
        image_ref="",
        image_id="",
        config=Config(hostname="box"),
        host_config=host_config or HostConfig(),
        path="/bin/app",
    )


def _build(host_config: HostConfig | None = None, **more: Any) -> SpecResult:
    return build_spec(
        SpecInputs(container=_container(host_config), **({"hostname": "box", "cgroups_path": "/pier/a"} | more))
    )


def _linux(host_config: HostConfig | None = None, **more: Any) -> Any:
    return _build(host_config, **more).spec["linux"]


def test_document_is_json_of_the_version_every_runtime_takes() -> None:
    result = _build()
    assert json.loads(json.dumps(result.spec)) == result.spec
    assert result.spec["ociVersion"] == "1.0.2"
    assert result.spec["root"] == {"path": "rootfs", "readonly": False}
    assert result.spec["hostname"] == "box"
    assert result.warnings == ()


def test_hostname_is_not_set_in_the_hosts_namespace() -> None:
    assert "hostname" not in _build(namespaces=Namespaces(uts=HOST)).spec


def test_cgroup_and_limits() -> None:
    linux = _linux(HostConfig(resources=Resources(memory=64 << 20)))
    assert linux["cgroupsPath"] == "/pier/a"
    assert linux["resources"]["memory"]["limit"] == 64 << 20
    assert linux["resources"]["devices"] == [{"allow": False, "access": "rwm"}]


def test_devices_are_made_and_allowed() -> None:
    device = Device(path="/dev/fuse", type="c", major=10, minor=229)
    linux = _linux(devices=(device,))
    assert linux["devices"][0]["path"] == "/dev/fuse"
    assert linux["resources"]["devices"][1]["minor"] == 229


def test_default_filter_follows_the_capabilities() -> None:
    assert _linux()["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    names = _linux(HostConfig(cap_add=("SYS_ADMIN",)))["seccomp"]["syscalls"][0]["names"]
    assert "mount" in names


@pytest.mark.parametrize("host_config", [HostConfig(privileged=True), HostConfig(security_opt=("seccomp=unconfined",))])
def test_no_filter_when_privileged_or_unconfined(host_config: HostConfig) -> None:
    assert "seccomp" not in _linux(host_config)


def test_own_profile_counts_even_when_privileged() -> None:
    profile = 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'
    for privileged in (False, True):
        linux = _linux(HostConfig(privileged=privileged, security_opt=(profile,)))
        assert linux["seccomp"]["defaultAction"] == "SCMP_ACT_ALLOW"


def test_no_filter_on_a_kernel_without_seccomp() -> None:
    facts = HostFacts(has_seccomp=False)
    assert "seccomp" not in _linux(facts=facts)
    asked = HostConfig(security_opt=('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}',))
    assert "seccomp" in _build(asked, facts=facts).warnings[0]


def test_unknown_architecture_says_that_it_has_no_filter() -> None:
    assert "riscv64" in _build(facts=HostFacts(architecture="riscv64")).warnings[0]


def test_privileged_hides_nothing() -> None:
    linux = _linux(HostConfig(privileged=True))
    assert linux["maskedPaths"] == linux["readonlyPaths"] == []
    assert linux["resources"]["devices"] == [{"allow": True, "access": "rwm"}]


def test_annotations_of_user_and_engine() -> None:
    spec = _build(HostConfig(annotations={"a": "1"}), annotations={"b": "2"}).spec
    assert spec["annotations"] == {"a": "1", "b": "2"}


def test_each_reduction_is_told_once() -> None:
    facts = HostFacts(capabilities=frozenset({"CAP_CHOWN"}), min_oom_score_adj=0)
    warnings = _build(HostConfig(oom_score_adj=-1, cap_drop=("ALL",), cap_add=("KILL", "CHOWN")), facts=facts).warnings
    assert len(warnings) == 2
    assert "CAP_KILL" in warnings[0]


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        _build(HostConfig(cap_add=("nonsense",)))
    with pytest.raises(PierError):
        _build(HostConfig(security_opt=("nonsense=1",)))


def test_what_the_host_will_cut_is_known_beforehand() -> None:
    limits = Resources(
        memory_swappiness=10,
        cpu_realtime_period=1,
        blkio_weight_device=(WeightDevice(path="/dev/x", weight=5),),
        ulimits=(Ulimit(name="nofile", soft=9, hard=99),),
    )
    asked = _container(HostConfig(cap_add=("SYS_TIME",), resources=limits))
    facts = HostFacts(cgroup_version=2, capabilities=frozenset({"CAP_CHOWN"}), hard_limits={"nofile": 50})
    said = "\n".join(reductions(asked, facts))
    for words in ("CAP_SYS_TIME", "nofile is cut to 50", "swappiness is discarded", "real-time limits", "BFQ"):
        assert words in said
    assert reductions(_container(), EVERYTHING) == ()


def test_options_that_cannot_be_understood_are_left_to_the_start() -> None:
    assert reductions(_container(HostConfig(security_opt=("nonsense",))), EVERYTHING) == ()
