"""The AppArmor profile of containers, where the kernel has AppArmor (Debian's has; `scripts/vm` runs one)."""

from pathlib import Path

import pytest
from support.engine import Engine

ENABLED = Path("/sys/module/apparmor/parameters/enabled")

pytestmark = [
    pytest.mark.root,
    pytest.mark.containerd,
    # No failure in CI either: no package brings AppArmor to a kernel without it.
    pytest.mark.skipif(not ENABLED.exists() or ENABLED.read_text() != "Y\n", reason="this kernel has no AppArmor"),
]
CURRENT = "cat /proc/1/attr/current"


def test_containers_run_under_the_engines_profile(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "box", image, "sleep", "1000").check()
    assert engine.docker("exec", "box", "sh", "-c", CURRENT).check().stdout == "pier-default (enforce)\n"
    shown = engine.call("GET", "/containers/box/json").json()
    assert shown["AppArmorProfile"] == "pier-default"
    assert "name=apparmor" in engine.call("GET", "/info").json()["SecurityOptions"]
    assert engine.docker("exec", "box", "sh", "-c", "echo x > /tmp/x; kill -0 1; sleep 0").check().stdout == ""
    engine.docker("stop", "-t", "5", "box").check()


def test_the_profile_holds_where_other_fences_are_down(engine: Engine, image: str) -> None:
    options = (
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "systempaths=unconfined",
    )
    script = "mount -t tmpfs x /mnt; echo /x > /proc/sys/kernel/core_pattern; hostname changed && hostname"
    done = engine.docker("run", "--rm", *options, image, "sh", "-c", script)
    assert "mount: " in done.stderr
    assert "core_pattern" in done.stderr
    assert done.stdout == "changed\n"


def test_unconfined_and_privileged_have_none(engine: Engine, image: str) -> None:
    for options in (("--security-opt", "apparmor=unconfined"), ("--privileged",)):
        done = engine.docker("run", "--rm", *options, image, "sh", "-c", CURRENT).check()
        assert done.stdout == "unconfined\n"
