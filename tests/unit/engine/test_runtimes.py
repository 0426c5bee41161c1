"""Which runtimes may be named, and what containerd is told."""

from pathlib import Path

import pytest

from pier.config import Config, RuntimeSetting
from pier.domain.errors import InvalidArgument, Unsupported
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


def test_arguments_of_a_runtime_stand_in_a_script_of_its_name() -> None:
    config = Config(
        data_root=Path("/d"), runtimes={"loud": RuntimeSetting(path="/usr/bin/runc", arguments=("--debug",))}
    )
    assert Runtimes(config, systemd_cgroup=False).choose("loud").binary == "/d/runtimes/loud"


def test_other_shims_get_their_own_options() -> None:
    options = {"TypeUrl": "io.containerd.runsc.v1.options", "ConfigPath": "/etc/runsc.toml"}
    kinds = {
        "runsc": RuntimeSetting(type="io.containerd.runsc.v1", options=options),
        "mine": RuntimeSetting(type=SHIM, options={"BinaryName": "/opt/runc", "SystemdCgroup": False}),
        "odd": RuntimeSetting(type=SHIM, options={"ShimCgroup": "/x"}),
    }
    runtimes = Runtimes(Config(exec_root=Path("/run/x"), runtimes=kinds), systemd_cgroup=True)
    assert runtimes.choose("runsc") == RuntimeChoice(name="io.containerd.runsc.v1", options=options)
    assert runtimes.choose("mine") == RuntimeChoice(name=SHIM, binary="/opt/runc", root="/run/x/runc")
    with pytest.raises(Unsupported, match="runtime odd: Pier does not support the option 'ShimCgroup'"):
        runtimes.choose("odd")


def test_another_configuration_is_taken_over() -> None:
    runtimes = Runtimes(CONFIG, systemd_cgroup=False)
    runtimes.reconfigure(Config(runtimes={"new": RuntimeSetting(path="/opt/new")}))
    assert (runtimes.knows("new"), runtimes.knows("kata")) == (True, False)


def test_an_unknown_runtime() -> None:
    runtimes = Runtimes(CONFIG, systemd_cgroup=False)
    assert not runtimes.knows("gvisor")
    with pytest.raises(InvalidArgument, match="unknown or invalid runtime name: gvisor"):
        runtimes.choose("gvisor")
