"""The systemd units: systemd itself accepts them, and they keep what containers need."""

import subprocess
from pathlib import Path

from support.facilities import ROOT, require_command

SERVICE = ROOT / "scripts" / "pierd.service"
CONTAINERS = ROOT / "scripts" / "pier-containers.service"
SOCKET = ROOT / "scripts" / "pierd.socket"


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = require_command("systemd-analyze")
    # systemd checks that the program is there: put one that is.
    (tmp_path / SERVICE.name).write_text(SERVICE.read_text().replace("/usr/local/bin/pierd", "/bin/true"))
    (tmp_path / SOCKET.name).write_text(SOCKET.read_text())
    (tmp_path / CONTAINERS.name).write_text(CONTAINERS.read_text().replace("/usr/local/bin/pier ", "/bin/true "))
    units = [str(tmp_path / unit.name) for unit in (SERVICE, SOCKET, CONTAINERS)]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "pierd." in line or "pier-containers." in line]
    assert said == []


def test_the_service_leaves_containers_alone_and_shares_the_hosts_mounts() -> None:
    lines = SERVICE.read_text().splitlines()
    assert "KillMode=process" in lines
    assert "Delegate=yes" in lines
    assert not [
        line for line in lines if line.startswith(("PrivateTmp", "ProtectSystem", "PrivateMounts", "ProtectHome"))
    ]


def test_containers_are_stopped_while_pierd_and_containerd_are_up() -> None:
    """systemd stops in the reverse of the order in which it starts."""
    lines = CONTAINERS.read_text().splitlines()
    assert "After=pierd.service containerd.service network-online.target" in lines
    assert "ExecStop=/usr/local/bin/pier system shutdown" in lines
