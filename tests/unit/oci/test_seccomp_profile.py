import json
from typing import Any

import pytest

from pier.domain.errors import PierError
from pier.domain.runtime import HostFacts
from pier.oci.seccomp_profile import load_profile

FACTS = HostFacts(kernel="6.1.0-13-amd64")


def _load(document: object, capabilities: set[str] | None = None, facts: HostFacts = FACTS) -> Any:
    return load_profile(json.dumps(document), capabilities or set(), facts)


def _rule(**more: object) -> dict[str, object]:
    return {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", **more}]}


def test_plain_profile_passes_through() -> None:
    loaded = _load(
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "defaultErrnoRet": 38,
            "architectures": ["SCMP_ARCH_X86_64"],
            "flags": ["SECCOMP_FILTER_FLAG_LOG"],
            "syscalls": [
                {
                    "name": "mkdir",
                    "action": "SCMP_ACT_ERRNO",
                    "errnoRet": 5,
                    "args": [{"index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}],
                }
            ],
        }
    )
    assert loaded == {
        "defaultAction": "SCMP_ACT_ALLOW",
        "defaultErrnoRet": 38,
        "architectures": ["SCMP_ARCH_X86_64"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "syscalls": [
            {
                "names": ["mkdir"],
                "action": "SCMP_ACT_ERRNO",
                "errnoRet": 5,
                "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_MASKED_EQ", "valueTwo": 2}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("conditions", "capabilities", "counts"),
    [
        ({"includes": {"caps": ["CAP_SYS_ADMIN"]}}, set(), False),
        ({"includes": {"caps": ["CAP_SYS_ADMIN"]}}, {"CAP_SYS_ADMIN"}, True),
        ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, {"CAP_SYS_ADMIN"}, False),
        ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, set(), True),
        ({"includes": {"arches": ["arm64"]}}, set(), False),
        ({"includes": {"arches": ["amd64"]}}, set(), True),
        ({"excludes": {"arches": ["amd64"]}}, set(), False),
        ({"includes": {"minKernel": "4.8"}}, set(), True),
        ({"includes": {"minKernel": "6.10"}}, set(), False),
        ({"excludes": {"minKernel": "4.8"}}, set(), False),
        ({"includes": {}, "excludes": {}}, set(), True),
    ],
)
def test_rules_count_by_their_conditions(conditions: Any, capabilities: set[str], counts: bool) -> None:
    assert bool(_load(_rule(**conditions), capabilities)["syscalls"]) is counts


def test_architecture_map_is_resolved_for_this_machine() -> None:
    mapped = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "archMap": [
            {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
            {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
        ],
    }
    assert _load(mapped)["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert _load(mapped, facts=HostFacts(architecture="aarch64"))["architectures"][1] == "SCMP_ARCH_ARM"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"defaultAction": 1}',
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}),
        json.dumps(_rule(name="write")),
        json.dumps(_rule(args=[{"index": 0, "value": 1, "op": "SCMP_CMP_NEARLY"}])),
        json.dumps({"defaultAction": "A", "architectures": ["x"], "archMap": [{"architecture": "y"}]}),
    ],
)
def test_broken_profile_is_refused(text: str) -> None:
    with pytest.raises(PierError, match="seccomp profile cannot be read"):
        load_profile(text, set(), FACTS)
