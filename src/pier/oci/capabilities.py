"""Linux capabilities (capabilities(7)): the default set, `--cap-add`, `--cap-drop`, and what the host can give."""

from collections.abc import Collection, Sequence

from pier.domain.errors import InvalidArgument

# In the order of the kernel's numbers (include/uapi/linux/capability.h).
ALL_CAPABILITIES = tuple(
    f"CAP_{name}"
    for line in (
        "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE",
        "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT",
        "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE",
        "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ",
        "PERFMON BPF CHECKPOINT_RESTORE",
    )
    for name in line.split()
)

# What Docker gives a container that asks for nothing: mask 0xa80425fb.
_DEFAULT_NAMES = (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD "
    "AUDIT_WRITE SETFCAP"
)
DEFAULT_CAPABILITIES = tuple(f"CAP_{name}" for name in _DEFAULT_NAMES.split())

_ALL = "ALL"


def from_mask(mask: int) -> frozenset[str]:
    """The names of a mask as /proc/<pid>/status shows it; bits without a name are left out."""
    return frozenset(name for bit, name in enumerate(ALL_CAPABILITIES) if mask >> bit & 1)


def normalise(names: Sequence[str], option: str) -> list[str]:
    """`net_admin`, `CAP_NET_ADMIN` -> `CAP_NET_ADMIN`; `ALL` stays. Raises InvalidArgument for an unknown one."""
    result = []
    for given in names:
        name = given.upper()
        if name in (_ALL, "CAP_ALL"):
            result.append(_ALL)
            continue
        full = name if name.startswith("CAP_") else f"CAP_{name}"
        if full not in ALL_CAPABILITIES:
            raise InvalidArgument(f'invalid {option}: unknown capability: "{full}"')
        result.append(full)
    return result


def wanted_capabilities(add: Sequence[str], drop: Sequence[str], *, privileged: bool) -> tuple[str, ...]:
    """What the user asks for, in the kernel's order: the defaults plus `add` without `drop`.

    With `ALL` in `add` everything but `drop`; with `ALL` in `drop` nothing but `add`. Raises InvalidArgument.
    """
    added, dropped = normalise(add, "CapAdd"), normalise(drop, "CapDrop")
    if privileged:
        return ALL_CAPABILITIES
    if _ALL in added:
        chosen = set(ALL_CAPABILITIES) - set(dropped)
    elif _ALL in dropped:
        chosen = set(added)
    else:
        chosen = set(DEFAULT_CAPABILITIES) - set(dropped) | set(added)
    return tuple(name for name in ALL_CAPABILITIES if name in chosen)


def granted_capabilities(wanted: Sequence[str], bounding: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what can be given, what cannot); an empty `bounding` means that the host's bounding set is not known."""
    if not bounding:
        return tuple(wanted), ()
    return tuple(c for c in wanted if c in bounding), tuple(c for c in wanted if c not in bounding)
