"""Security options (`--security-opt`), hidden paths of /proc and /sys, and what privileged takes away."""

from collections.abc import Sequence
from dataclasses import dataclass

from pier.domain.booleans import EITHER, TRUE
from pier.domain.container import HostConfig
from pier.domain.errors import PierError, Unsupported
from pier.domain.runtime import HostFacts

_MASKED_PROC = "asound acpi interrupts kcore keys latency_stats timer_list timer_stats sched_debug scsi"
_READONLY_PROC = "bus fs irq sys sysrq-trigger"

# Entries that tell about, or let change, the whole host.
DEFAULT_MASKED_PATHS = (
    *(f"/proc/{name}" for name in _MASKED_PROC.split()),
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
DEFAULT_READONLY_PATHS = tuple(f"/proc/{name}" for name in _READONLY_PROC.split())

UNCONFINED = "unconfined"
_BUILTIN = "builtin"
_DOCKERS = "docker-default"
_SWITCHES = ("no-new-privileges", "writable-cgroups")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityOptions:
    """`seccomp` and `apparmor`: empty for the default, `unconfined`, or a profile (its JSON text; its name)."""

    no_new_privileges: bool = False
    seccomp: str = ""
    apparmor: str = ""
    system_paths_unconfined: bool = False
    writable_cgroups: bool = False


def parse_security_options(options: Sequence[str]) -> SecurityOptions:
    """Reads `name=value` and, for old clients, `name:value`.

    Raises PierError for an option that is not known (500 as dockerd, whose words are numbered by what is wrong: no
    value, or not one of these) and Unsupported for SELinux labels.
    """
    no_new_privileges, seccomp, apparmor, unconfined_paths, writable_cgroups = False, "", "", False, False
    for option in options:
        name, value = _split(option)
        if name == "no-new-privileges":
            no_new_privileges = _switch(option, value)
        elif name == "writable-cgroups":
            writable_cgroups = _switch(option, value)
        elif name == "seccomp":
            seccomp = "" if value == _BUILTIN else value
        elif name == "apparmor":
            apparmor = value
        elif name == "systempaths" and value == UNCONFINED:
            unconfined_paths = True
        elif name == "label":
            _check_label(option, value)
        else:
            raise _invalid(2, option)
    return SecurityOptions(
        no_new_privileges=no_new_privileges,
        seccomp=seccomp,
        apparmor=apparmor,
        system_paths_unconfined=unconfined_paths,
        writable_cgroups=writable_cgroups,
    )


def _split(option: str) -> tuple[str, str]:
    if option in _SWITCHES:
        return option, "true"
    if option == "disable":
        return "label", option
    separator = "=" if "=" in option.partition(":")[0] or ":" not in option else ":"
    name, separator, value = option.partition(separator)
    if not separator:
        raise _invalid(1, option)
    return name, value


def _switch(option: str, value: str) -> bool:
    if value not in EITHER:
        raise _invalid(2, option)
    return value in TRUE


def _invalid(number: int, option: str) -> PierError:
    return PierError(f'invalid --security-opt {number}: "{_shorten(option)}"')


def _check_label(option: str, value: str) -> None:
    """`label=disable` asks for what is the case anyway: Pier sets no SELinux labels."""
    if value != "disable":
        raise Unsupported(f"security option {_shorten(option)!r}: SELinux labels are not supported")


def _shorten(option: str) -> str:
    return option if len(option) <= 64 else option[:61] + "..."


def masked_paths(host_config: HostConfig) -> tuple[str, ...]:
    """The paths that are hidden: none when privileged or unconfined, the user's list, or the defaults."""
    return _paths(host_config, host_config.masked_paths, DEFAULT_MASKED_PATHS)


def readonly_paths(host_config: HostConfig) -> tuple[str, ...]:
    """The paths that cannot be written to, by the same rule."""
    return _paths(host_config, host_config.readonly_paths, DEFAULT_READONLY_PATHS)


def _paths(host_config: HostConfig, asked: tuple[str, ...] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if host_config.privileged or parse_security_options(host_config.security_opt).system_paths_unconfined:
        return ()
    return default if asked is None else asked


def apparmor_profile(host_config: HostConfig, facts: HostFacts, warnings: list[str]) -> str:
    """The profile's name: the user's, else the engine's unless it is privileged; empty for none.

    `docker-default` is dockerd's name for its own: who asks for that means the engine's.
    """
    options = parse_security_options(host_config.security_opt)
    if options.apparmor == UNCONFINED or (host_config.privileged and not options.apparmor):
        return ""
    if not options.apparmor or (options.apparmor == _DOCKERS and facts.apparmor_profile):
        return facts.apparmor_profile
    if not facts.has_apparmor:
        warnings.append(f"AppArmor profile {options.apparmor} is not applied: this kernel has no AppArmor")
        return ""
    return options.apparmor
