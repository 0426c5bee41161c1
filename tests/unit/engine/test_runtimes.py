"""Which runtimes may be named, and what containerd is told."""

from pathlib import Path

import pytest

from pier.config import Config, RuntimeSetting
from pier.domain.errors import InvalidArgument
from pier.domain.runtime import RuntimeChoice
from pier.engine.runtimes import SHIM, Runtimes

CONFIG = Config(exec_root=Path("/run/x"), runtimes={"kata": RuntimeSetting(path="/opt/kata")})


@pytest.mark.parametrize(("name", "binary"), [("runc", ""), ("crun", "crun"), ("kata", "/opt/kata"), (SHIM, "")])
def test_every_runtime_is_run_by_one_shim_in_a_root_of_our_own(name: str, binary: str) -> None:
    choice = Runtimes(CONFIG, systemd_cgroup=True).choose(name)
    assert choice == RuntimeChoice(name=SHIM, binary=binary, root="/run/x/runc", systemd_cgroup=True)


def test_a_configured_runtime_takes_the_place_of_a_built_in_one() -> None:
    config = Config(runtimes={"runc": RuntimeSetting(path="/opt/runc")})
    assert Runtimes(config, systemd_cgroup=False).choose("runc").binary == "/opt/runc"


def test_names_with_their_binaries() -> None:
    assert Runtimes(CONFIG, systemd_cgroup=False).names() == {"runc": "runc", "crun": "crun", "kata": "/opt/kata"}


def test_an_unknown_runtime() -> None:
    runtimes = Runtimes(CONFIG, systemd_cgroup=False)
    assert not runtimes.knows("gvisor")
    with pytest.raises(InvalidArgument, match="unknown or invalid runtime name: gvisor"):
        runtimes.choose("gvisor")
