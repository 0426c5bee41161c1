"""Which OCI runtimes a container may name, and how containerd is told of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pier.config import Config, RuntimeSetting
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.runtime import RuntimeChoice

SHIM = "io.containerd.runc.v2"
_BUILT_IN = {"runc": "", "crun": "crun"}  # name -> binary; "": the shim's own default


class Runtimes:
    def __init__(self, config: Config, *, systemd_cgroup: bool) -> None:
        self._config = config
        self._systemd_cgroup = systemd_cgroup

    def names(self) -> dict[str, str]:
        """The OCI binary of every known runtime, as `/info` lists them."""
        known = {name: binary or name for name, binary in _BUILT_IN.items()}
        return known | {name: setting.path or setting.type for name, setting in self._config.runtimes.items()}

    def reconfigure(self, config: Config) -> None:
        """Takes over another configuration; running containers keep their runtime."""
        self._config = config

    def knows(self, name: str) -> bool:
        return name in _BUILT_IN or name in self._config.runtimes or name == SHIM

    def choose(self, name: str) -> RuntimeChoice:
        """How containerd runs it; its state lies in a root of this engine's own.

        Two engines may hold a container of one id only if runc's state directories differ.
        Raises InvalidArgument for a name that is no longer configured.
        """
        if not self.knows(name):
            raise InvalidArgument(f"unknown or invalid runtime name: {name}")
        setting = self._config.runtimes.get(name, RuntimeSetting(path=_BUILT_IN.get(name, "")))
        if setting.type not in ("", SHIM):
            return RuntimeChoice(name=setting.type, options=_shim_options(name, setting.options))
        binary, systemd = setting.path, self._systemd_cgroup
        if setting.arguments:
            binary = str(wrapper_path(self._config.data_root, name))
        if setting.type:
            binary, systemd = _runc_options(name, setting.options, systemd=systemd)
        return RuntimeChoice(
            name=SHIM,
            binary=binary,
            root=str(self._config.exec_root / "runc"),
            systemd_cgroup=systemd,
        )


def wrapper_path(data_root: Path, name: str) -> Path:
    """Where the script lies that puts a runtime's own arguments in front of the shim's; pierd writes it at start."""
    return data_root / "runtimes" / name


def _runc_options(name: str, options: Mapping[str, object], *, systemd: bool) -> tuple[str, bool]:
    known = {"BinaryName": "", "SystemdCgroup": systemd} | dict(options)
    _require_known(name, known, ("BinaryName", "SystemdCgroup"))
    return str(known["BinaryName"]), bool(known["SystemdCgroup"])


def _shim_options(name: str, options: Mapping[str, object]) -> dict[str, str]:
    _require_known(name, options, ("TypeUrl", "ConfigPath", "ConfigBody"))
    return {key: str(value) for key, value in options.items()}


def _require_known(name: str, options: Mapping[str, object], known: Sequence[str]) -> None:
    for key in options:
        if key not in known:
            raise Unsupported(f"runtime {name}: Pier does not support the option {key!r}; known are {', '.join(known)}")
