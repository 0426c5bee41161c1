"""A firewalld of the tests' own in a lab's host, with a message bus of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.netlab import Lab
from support.wait import wait_for

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
"""


class RunningFirewalld:
    """`restart` starts it anew: it has forgotten then what was told to the running one."""

    def __init__(self, lab: Lab, directory: Path, environment: dict[str, str]) -> None:
        self._lab = lab
        self._environment = environment
        config = directory / "config"
        config.mkdir()
        log = directory / "log"
        self._command = ["firewalld", "--nofork", "--nopid", "--system-config", str(config), "--log-file", str(log)]

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = self._lab.do(
            lambda: subprocess.Popen(self._command, env=self._environment, stdin=quiet, stdout=quiet, stderr=quiet)
        )
        wait_for(lambda: "running" in self.tell("--state"), what="firewalld runs", timeout=30)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)

    def restart(self) -> None:
        self.stop()
        self.start()

    def tell(self, *arguments: str) -> str:
        """What firewall-cmd prints."""
        done = subprocess.run(
            ["firewall-cmd", *arguments], env=self._environment, capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout


@contextmanager
def running_firewalld(lab: Lab, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningFirewalld]:
    """Skips where it is not installed (Debian: firewalld)."""
    if not all(map(shutil.which, ("firewalld", "firewall-cmd", "dbus-daemon"))):
        pytest.skip("there is no firewalld here")
    directory.mkdir()
    bus = directory / "bus"
    (directory / "bus.conf").write_text(_BUS.format(path=bus))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={bus}")
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={directory}/bus.conf", "--nofork"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(bus.exists, what="the message bus")
        made = RunningFirewalld(lab, directory, dict(os.environ))
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        daemon.terminate()
        daemon.wait(timeout=20)
