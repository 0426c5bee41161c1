"""Starts a real pierd of a test's own: own roots, namespace, bridge, address range, cgroup parent and socket.

Two of them run side by side on one host, also next to a developer's own engine, and nothing is left after `destroy`.
"""

import hashlib
import http.client
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from support import api
from support.cgroups import remove_cgroup
from support.facilities import BIN, ROOT, find_docker_cli
from support.wait import PATIENCE, wait_for

_taken: set[str] = set()  # the address ranges of this run's engines, so that no two of them overlap
START_SECONDS = 90.0  # libnftables reads the host's rules anew whenever anybody changes them meanwhile
STOP_SECONDS = 30.0
EXTRA_FLAGS = shlex.split(os.environ.get("PIER_TEST_FLAGS", ""))  # of each engine, as --default-runtime crun


@dataclass(frozen=True)
class Completed:
    """A command that has ended."""

    args: Sequence[str]
    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.stdout.splitlines()

    @property
    def last(self) -> str:
        """The last line of stdout, stripped."""
        return self.stdout.strip().splitlines()[-1] if self.stdout.strip() else ""

    def check(self) -> "Completed":
        """Itself; raises AssertionError with all it said when its code is not 0."""
        assert self.code == 0, f"{' '.join(self.args)} ended with {self.code}\n{self.stdout}\n{self.stderr}"
        return self


def run(args: Sequence[str], *, input_text: str | None = None, timeout: float = 90.0) -> Completed:
    """Runs a command to its end, with no configuration of the user's."""
    done = subprocess.run(
        args,
        input=input_text,
        stdin=subprocess.DEVNULL if input_text is None else None,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout * PATIENCE,
        env=client_environment(),
        check=False,
    )
    return Completed(args, done.returncode, done.stdout, done.stderr)


def client_environment() -> dict[str, str]:
    """The environment of a client: nothing that points it at another engine or a user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "PIER_", "PYTHON"))}
    return kept | {"DOCKER_CONFIG": "/nonexistent", "TERM": "xterm"}


@dataclass
class Engine:
    """One pierd. `log` grows in `root`; `stop`, `kill` and `start` may be called in any order."""

    containerd: str
    flags: Sequence[str] = ()
    name: str = field(default_factory=lambda: secrets.token_hex(3))
    process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = None

    def __post_init__(self) -> None:
        self.namespace = f"pier-test-{self.name}"
        self.exec_root = Path(f"/run/pier-test-{self.name}")
        self.data_root = Path(f"/var/lib/pier-test-{self.name}")
        self.bridge = f"ptest{self.name}"
        self.cgroup_parent = f"/pier-test-{self.name}"
        self.socket = str(self.exec_root / "pier.sock")
        self.log = self.data_root / "pierd.log"
        self.bip = _own_range()
        self.pid = 0

    @property
    def host(self) -> str:
        """The address as a client's -H takes it."""
        return f"unix://{self.socket}"

    @property
    def command(self) -> list[str]:
        """pierd's command line."""
        named = {
            "--host": self.host,
            "--containerd": self.containerd,
            "--containerd-namespace": self.namespace,
            "--data-root": str(self.data_root),
            "--exec-root": str(self.exec_root),
            "--pidfile": str(self.exec_root / "pierd.pid"),
            "--bridge": self.bridge,
            "--bip": self.bip,
            "--cgroup-parent": self.cgroup_parent,
            "--volume-plugin-dir": str(self.exec_root / "plugins"),  # and none that this host happens to have
            "--log-level": "debug",
        }
        flags = [word for pair in named.items() if pair[0] not in self.flags for word in pair]
        return [sys.executable, "-m", "pier.daemon", *flags, *EXTRA_FLAGS, *self.flags]

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Starts the process and does not wait for it to answer."""
        self.exec_root.mkdir(mode=0o711, exist_ok=True)
        self.data_root.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._log = self.log.open("ab")
        environment = dict(os.environ, PYTHONPATH=f"{ROOT}/src:{ROOT}/generated")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environment, cwd="/"
        )
        self.pid = self.process.pid
        return self.process

    def start(self) -> "Engine":
        """Starts pierd and waits until it answers a ping."""
        process = self.spawn()

        def is_up() -> bool:
            assert process.poll() is None, f"pierd ended with {process.returncode}:\n{self.tail()}"
            return self.answers()

        wait_for(is_up, what="pierd answers a ping", timeout=START_SECONDS)
        return self

    def answers(self) -> bool:
        """Whether a ping gets its OK."""
        try:
            return api.call(self.socket, "GET", "/_ping", timeout=5 * PATIENCE).status == 200
        except (OSError, http.client.HTTPException):  # also one that died in the middle of its answer
            return False

    def stop(self) -> int:
        """SIGTERM, and the exit code of pierd."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def kill(self) -> None:
        """SIGKILL: what a crash looks like."""
        assert self.process
        self.process.kill()
        self._reap()

    def _reap(self) -> int:
        assert self.process
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"pierd did not end within {STOP_SECONDS:g} s:\n{self.tail()}") from None
        finally:
            self.process = None
            if self._log:
                self._log.close()

    def tail(self, lines: int = 80) -> str:
        """The end of pierd's log."""
        if not self.log.exists():
            return "(no log)"
        said = [line for line in self.log.read_text(errors="replace").splitlines() if " DEBUG grpc." not in line]
        return "\n".join(said[-lines:])

    def pier(self, *args: str, input_text: str | None = None, timeout: float = 90.0) -> Completed:
        """Runs Pier's CLI against this engine."""
        return run([str(BIN / "pier"), "-H", self.host, *args], input_text=input_text, timeout=timeout)

    def docker(self, *args: str, input_text: str | None = None, timeout: float = 90.0) -> Completed:
        """Runs the stock docker CLI against this engine."""
        return run([find_docker_cli(), "-H", self.host, *args], input_text=input_text, timeout=timeout)

    def call(self, method: str, target: str, body: object = None, *, timeout: float = 60.0) -> api.Reply:
        """One raw API request."""
        return api.call(self.socket, method, target, body, timeout=timeout)

    def container_ids(self) -> list[str]:
        """All containers, running or not."""
        return [row["Id"] for row in self.call("GET", "/containers/json?all=1").json()]

    def remove_all_containers(self) -> None:
        """What a test left is removed by force, volumes too."""
        for container_id in self.container_ids():
            reply = self.call("DELETE", f"/containers/{container_id}?force=1&v=1")
            assert reply.status in (204, 404, 409), reply.body
        wait_for(lambda: not self.container_ids(), what="no container is left")

    def remove_all_networks(self) -> None:
        """The user's own ones, which no container is on by now."""
        for row in self.call("GET", '/networks?filters={"type":["custom"]}').json():
            reply = self.call("DELETE", f"/networks/{row['Id']}")
            assert reply.status in (204, 404), reply.body

    def destroy(self) -> None:
        """Takes away all that this engine made on the host. Best effort: leaks are judged before, by `leaks`."""
        if self.process:
            self.kill()
        with suppress(AssertionError):
            kill_and_await(find_processes(str(self.exec_root), self.namespace))
        for folder in sorted(mounts_below(self.exec_root, self.data_root), reverse=True):
            subprocess.run(["umount", "-l", folder], check=False, capture_output=True)
        bridges = {self.bridge, *bridges_of(self.namespace)}
        for bridge in bridges:
            subprocess.run(["ip", "link", "delete", bridge], check=False, capture_output=True)
        for family, table in nft_tables(self.namespace.replace("-", "_")):
            subprocess.run(["nft", "delete", "table", family, table], check=False, capture_output=True)
        remove_foreign_rules(f"pier_{self.namespace.replace('-', '_')}")
        leave_router_guard(bridges)
        remove_cgroup(self.cgroup_parent)
        key = f"{os.path.realpath(self.containerd)}\0{self.namespace}".encode()
        Path(f"/run/lock/pier-{hashlib.sha256(key).hexdigest()[:16]}.lock").unlink(missing_ok=True)
        shutil.rmtree(self.exec_root, ignore_errors=True)
        shutil.rmtree(self.data_root, ignore_errors=True)


def _own_range() -> str:
    """The bridge's address in a /24 that no other engine of this run has, nor any network that a test names."""
    while (bip := f"10.{160 + secrets.randbelow(32)}.{secrets.randbelow(256)}.1/24") in _taken:
        pass
    _taken.add(bip)
    return bip


def bridges_of(namespace: str) -> list[str]:
    """The bridges that bear the mark of the engine with this namespace."""
    mark = f"pier:{namespace.replace('-', '_')}"
    listed = subprocess.run(["ip", "-j", "link", "show", "type", "bridge"], check=False, capture_output=True, text=True)
    return [row["ifname"] for row in json.loads(listed.stdout or "[]") if row.get("ifalias") == mark]


def leave_router_guard(bridges: Iterable[str]) -> None:
    """Takes bridges out of the guards of a host that Pier made a router; the last to leave switches routing off."""
    names = ", ".join(f'"{bridge}"' for bridge in bridges)
    for family, switch in (("ip", "ipv4/ip_forward"), ("ip6", "ipv6/conf/all/forwarding")):
        change = f"element {family} pier-router bridges {{ {names} }}"
        _nft(f"add {change}; delete {change}")
        left = _nft(f"list set {family} pier-router bridges")  # by itself: in one run it would show what was before
        if left.returncode == 0 and "elements" not in left.stdout:
            _nft(f"delete table {family} pier-router")
            if not any("hook forward" in _nft(f"list chains {kind}").stdout for kind in (family, "inet")):
                Path("/proc/sys/net", switch).write_text("0")


def _nft(commands: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["nft", commands], check=False, capture_output=True, text=True)


def kill_quietly(pid: int) -> None:
    """SIGKILL to a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_and_await(pids: Sequence[int]) -> None:
    """SIGKILL to these processes; they hold nothing any more afterwards."""
    for pid in pids:
        kill_quietly(pid)
    wait_for(lambda: not any(map(_is_alive, pids)), what="what was killed is gone")


def _is_alive(pid: int) -> bool:
    """Whether it exists and is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def find_processes(*words: str) -> list[int]:
    """Processes whose command line holds one of these words, but not this one or its parents."""
    found = []
    own = {os.getpid(), os.getppid()}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) in own:
            continue
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if any(word in line for word in words):
            found.append(int(folder.name))
    return found


def mounts_below(*roots: Path) -> list[str]:
    """Mount points under these directories."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if any(f"{point}/".startswith(f"{root}/") for root in roots)]


def nft_tables(part: str) -> list[tuple[str, str]]:
    """(family, name) of the nftables tables whose name holds `part`."""
    listed = subprocess.run(["nft", "list", "tables"], check=False, capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [(row[1], row[2]) for row in rows if len(row) == 3 and part in row[2]]


def remove_foreign_rules(comment: str) -> None:
    """Removes the accepts for our bridge that an engine adds where another table drops what is forwarded."""
    listed = subprocess.run(["nft", "--handle", "list", "ruleset"], check=False, capture_output=True, text=True).stdout
    table = chain = ""
    for line in map(str.strip, listed.splitlines()):
        if line.startswith("table "):
            table = line.removeprefix("table ").split(" {")[0]
        elif line.startswith("chain "):
            chain = line.split()[1]
        elif f'comment "{comment}"' in line:
            handle = line.rsplit("handle ", 1)[1]
            subprocess.run(["nft", "delete", "rule", *table.split(), chain, "handle", handle], check=False)
