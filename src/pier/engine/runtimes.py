"""Which OCI runtimes a container may name, and how containerd is told of them."""

from pier.config import Config
from pier.domain.errors import InvalidArgument
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
        return known | {name: setting.path for name, setting in self._config.runtimes.items()}

    def knows(self, name: str) -> bool:
        return name in _BUILT_IN or name in self._config.runtimes or name == SHIM

    def choose(self, name: str) -> RuntimeChoice:
        """How containerd runs it; its state lies in a root of this engine's own.

        Two engines may hold a container of one id only if runc's state directories differ.
        Raises InvalidArgument for a name that is no longer configured.
        """
        if not self.knows(name):
            raise InvalidArgument(f"unknown or invalid runtime name: {name}")
        setting = self._config.runtimes.get(name)
        return RuntimeChoice(
            name=SHIM,
            binary=setting.path if setting else _BUILT_IN.get(name, ""),
            root=str(self._config.exec_root / "runc"),
            systemd_cgroup=self._systemd_cgroup,
        )
