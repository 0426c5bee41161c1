"""The AppArmor profile of containers that name none, loaded into the kernel at pierd's start. Blocks: use in a thread.

It closes what a container without a user namespace could still reach through /proc and /sys should another fence fall:
writing kernel settings, mounting, tracing processes outside. Files of its own it may use as it likes.
"""

import logging
import shutil
import subprocess
from pathlib import Path

NAME = "pier-default"
_LOADED = "sys/kernel/security/apparmor/profiles"
_TIMEOUT = 60

_log = logging.getLogger(__name__)

# Denials count more than permissions, and know no exceptions: hence the letters, which leave open what belongs to the
# container's own namespaces, as net, fs.mqueue, kernel.shm*, msg*, sem, hostname and domainname.
PROFILE = f"""\
abi <abi/3.0>,
profile {NAME} flags=(attach_disconnected,mediate_deleted) {{
  file,
  network,
  capability,
  umount,
  signal (receive) peer=unconfined,
  signal (receive) peer={{runc,crun}},
  signal (send, receive) peer={NAME},
  ptrace (trace, read, tracedby, readby) peer={NAME},
  unix,
  dbus,

  deny mount,
  deny pivot_root,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,
  deny /proc/{{mem,kmem,kallsyms,config.gz}} wklx,
  deny /proc/sys/[^fkn]** wklx,
  deny /proc/sys/fs/[^m]** wklx,
  deny /proc/sys/fs/m[^q]** wklx,
  deny /proc/sys/kernel/[^dhms]** wklx,
  deny /proc/sys/kernel/d[^o]** wklx,
  deny /proc/sys/kernel/h[^o]** wklx,
  deny /proc/sys/kernel/hotplug wklx,
  deny /proc/sys/kernel/m[^s]** wklx,
  deny /proc/sys/kernel/s[^eh]** wklx,
  deny /proc/sys/kernel/seccomp/** wklx,
  deny /proc/{{acpi,asound,bus,fs,irq,scsi,tty}}/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/** wklx,
  deny /sys/[^fk]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
}}
"""


def load_profile(root: Path = Path("/")) -> str:
    """The profile's name once it is in force, "" where it cannot be loaded; the log says why."""
    try:
        loaded = (root / _LOADED).read_text()
    except OSError as error:
        _log.warning("containers have no AppArmor profile: cannot see what is loaded: %s", error)
        return ""
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if parser is None:
        _log.warning("containers have no AppArmor profile: there is no apparmor_parser (Debian: apparmor)")
        return NAME if f"{NAME} (enforce)" in loaded else ""
    try:
        # -r replaces what an older pierd has loaded; containers that run under it get the new rules at once.
        done = subprocess.run(
            [parser, "-r", "-K"], input=PROFILE, text=True, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("containers have no AppArmor profile: %s", error)
        return ""
    if done.returncode != 0:
        _log.warning("containers have no AppArmor profile: apparmor_parser: %s", done.stderr.strip())
        return ""
    return NAME
