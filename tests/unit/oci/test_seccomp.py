from typing import Any

import pytest

from pier.oci.capabilities import DEFAULT_CAPABILITIES
from pier.oci.seccomp import default_profile


def _decide(profile: Any, name: str, *arguments: int) -> tuple[str, int]:
    """What the kernel would do: the first rule by name whose conditions hold, else the default."""
    for rule in profile["syscalls"]:
        if name in rule["names"] and all(_holds(condition, arguments) for condition in rule.get("args", [])):
            return rule["action"], rule.get("errnoRet", 0)
    return profile["defaultAction"], profile["defaultErrnoRet"]


def _holds(condition: dict[str, Any], arguments: tuple[int, ...]) -> bool:
    value = arguments[condition["index"]]
    match condition["op"]:
        case "SCMP_CMP_EQ":
            return bool(value == condition["value"])
        case "SCMP_CMP_NE":
            return bool(value != condition["value"])
        case "SCMP_CMP_MASKED_EQ":
            return bool(value & condition["value"] == condition["valueTwo"])
    raise AssertionError(condition["op"])


ALLOW = ("SCMP_ACT_ALLOW", 0)
REFUSE = ("SCMP_ACT_ERRNO", 1)


@pytest.fixture
def profile() -> Any:
    return default_profile(DEFAULT_CAPABILITIES, "x86_64")


@pytest.mark.parametrize(
    "name", ["read", "openat2", "execve", "futex", "ptrace", "chroot", "arch_prctl", "fork", "rseq"]
)
def test_everyday_calls_are_open(profile: Any, name: str) -> None:
    assert _decide(profile, name) == ALLOW


@pytest.mark.parametrize(
    "name",
    ["mount", "umount2", "setns", "unshare", "bpf", "keyctl", "add_key", "request_key", "io_uring_setup", "userfaultfd",
     "kexec_load", "swapon", "reboot", "init_module", "settimeofday", "clock_settime", "ioperm", "open_by_handle_at",
     "perf_event_open", "syslog", "acct", "quotactl", "nfsservctl", "pivot_root", "pidfd_getfd", "move_pages"],
)  # fmt: skip
def test_calls_that_reach_the_host_are_closed(profile: Any, name: str) -> None:
    assert _decide(profile, name) == REFUSE


def test_clone_may_fork_and_thread_but_make_no_namespace(profile: Any) -> None:
    assert _decide(profile, "clone", 0x01200011) == ALLOW
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert _decide(profile, "clone", flag | 17) == REFUSE


def test_clone3_is_as_if_the_kernel_lacked_it(profile: Any) -> None:
    assert _decide(profile, "clone3") == ("SCMP_ACT_ERRNO", 38)


def test_sockets_to_the_hypervisor_are_closed(profile: Any) -> None:
    assert _decide(profile, "socket", 2) == ALLOW
    assert _decide(profile, "socket", 40) == REFUSE


def test_personality_only_with_harmless_values(profile: Any) -> None:
    for allowed in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF):
        assert _decide(profile, "personality", allowed) == ALLOW
    assert _decide(profile, "personality", 0x40000) == REFUSE


def test_capabilities_open_what_belongs_to_them() -> None:
    admin = default_profile({"CAP_SYS_ADMIN"}, "x86_64")
    for name in ("mount", "setns", "clone3", "bpf"):
        assert _decide(admin, name) == ALLOW
    assert _decide(admin, "clone", 0x10000000) == ALLOW
    assert _decide(admin, "chroot") == REFUSE
    assert _decide(default_profile({"CAP_SYS_TIME"}, "x86_64"), "clock_settime") == ALLOW


def test_architectures() -> None:
    arm: Any = default_profile((), "aarch64")
    assert arm["architectures"][0] == "SCMP_ARCH_AARCH64"
    assert _decide(arm, "arch_prctl") == REFUSE
    assert _decide(arm, "sync_file_range2") == ALLOW
    assert default_profile((), "riscv64") is None


def test_one_document_for_equal_capabilities() -> None:
    assert default_profile(("CAP_KILL", "CAP_SYS_CHROOT"), "x86_64") is default_profile({"CAP_SYS_CHROOT"}, "x86_64")


def test_few_rules_because_each_costs_time_at_every_start(profile: Any) -> None:
    assert len(profile["syscalls"]) < 12
    names = [name for rule in profile["syscalls"] if "args" not in rule for name in rule["names"]]
    assert len(names) == len(set(names))
