"""Network namespaces, made and visited by short-lived threads.

A namespace belongs to a thread, not to the process: a fresh thread moves into it, works there and ends, so no thread
ever has to find its way home and nothing keeps the namespace alive but the bind mount at `<directory>/<container id>`.
No process is forked. ctypes is used because `os.setns` exists from Python 3.12 on only.
"""

import contextlib
import ctypes
import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.network import InterfaceCounters
from pier.network.link import Links

_CLONE_NEWNET = 0x40000000
_MS_BIND = 4096
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.unshare.argtypes = (ctypes.c_int,)
_libc.setns.argtypes = (ctypes.c_int, ctypes.c_int)

_Result = TypeVar("_Result")


class NetnsDirectory:
    """The namespaces of one engine, one file each. All methods block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, container_id: str) -> Path:
        return self.directory / container_id

    def list_ids(self) -> list[str]:
        return sorted(entry.name for entry in self.directory.iterdir()) if self.directory.is_dir() else []

    def create(self, container_id: str, sysctls: Mapping[str, str]) -> Path:
        """A new namespace with `lo` up and these `net.*` sysctls; a leftover of the same name is dropped first.

        Raises InvalidArgument for a sysctl that does not exist, is not of the network or refuses its value.
        """
        files = {_sysctl_file(name): value for name, value in sysctls.items()}
        path = self.path(container_id)
        self.drop(container_id)
        self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        try:
            in_thread(lambda: _furnish(path, files))
        except BaseException:
            self.drop(container_id)
            raise
        return path

    def drop(self, container_id: str) -> None:
        """Gives up the namespace; the kernel then removes its links behind our back. Absent is no error."""
        path = self.path(container_id)
        try:
            while True:  # more than one mount may lie on it after a crash; EINVAL: no mount is left
                _call(_libc.umount2, os.fsencode(path), _MNT_DETACH)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT):
                raise PierError(f"cannot unmount the network namespace {path}: {error.strerror}") from error
        path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def opened(self, container_id: str) -> Iterator[int]:
        """A descriptor of the namespace, for a short time: it keeps the namespace alive. Raises NotFound."""
        try:
            descriptor = os.open(self.path(container_id), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound(f"container {container_id} has no network namespace: it is not running") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def counters(self, container_id: str) -> list[InterfaceCounters]:
        """Traffic of each interface but `lo`, as the container sees it. Raises NotFound."""
        with self.opened(container_id) as descriptor:
            return parse_counters(in_thread(lambda: _read_counters(descriptor)))


def in_thread(work: Callable[[], _Result]) -> _Result:
    """Runs `work` in a thread of its own, waits for it, and returns or raises what it did."""
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the caller, whatever it is
            errors.append(error)

    thread = threading.Thread(target=run, name="netns", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def enter(descriptor: int) -> None:
    """Moves the calling thread into a namespace for good; only for threads made by `in_thread`."""
    _call(_libc.setns, descriptor, _CLONE_NEWNET)


def write_sysctl(path: str, value: str) -> None:
    """Writes a file below /proc/sys in the calling thread's namespace. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def parse_counters(text: str) -> list[InterfaceCounters]:
    """The table of /proc/net/dev: after `name:` eight numbers received and eight sent."""
    found = []
    for line in text.splitlines()[2:]:
        name, _, rest = line.partition(":")
        numbers = [int(number) for number in rest.split()]
        if name.strip() == "lo" or len(numbers) < 16:
            continue
        found.append(
            InterfaceCounters(
                name=name.strip(),
                rx_bytes=numbers[0],
                rx_packets=numbers[1],
                rx_errors=numbers[2],
                rx_dropped=numbers[3],
                tx_bytes=numbers[8],
                tx_packets=numbers[9],
                tx_errors=numbers[10],
                tx_dropped=numbers[11],
            )
        )
    return found


def _furnish(path: Path, sysctls: Mapping[str, str]) -> None:
    _call(_libc.unshare, _CLONE_NEWNET)
    _call(_libc.mount, b"/proc/thread-self/ns/net", os.fsencode(path), b"none", _MS_BIND, None)
    with Links() as links:
        links.set_up("lo")
    # Interfaces that come later have no IPv6 address of their own accord: without one on the network, a link-local
    # address would only open a way to the host that no rule of ours expects.
    if os.path.exists("/proc/sys/net/ipv6/conf/default/disable_ipv6"):
        write_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
    for file, value in sysctls.items():
        try:
            write_sysctl(file, value)
        except FileNotFoundError as error:
            raise InvalidArgument(f"sysctl {file} does not exist in a network namespace") from error
        except OSError as error:
            raise InvalidArgument(f"sysctl {file} does not take the value {value!r}: {error.strerror}") from error


def _sysctl_file(name: str) -> str:
    """`net.ipv4.ip_forward`, or with slashes as sysctl(8) also takes it: `net/ipv4/conf/eth0.100/forwarding`."""
    parts = name.split("/" if "/" in name else ".")
    if parts[0] != "net" or len(parts) < 3 or any(part in ("", ".", "..") for part in parts):
        raise InvalidArgument(f"sysctl {name!r} is not one of the network's (net.*)")
    return "/proc/sys/" + "/".join(parts)


def _read_counters(descriptor: int) -> str:
    enter(descriptor)
    return Path("/proc/thread-self/net/dev").read_text()


def _call(function: Callable[..., int], *arguments: object) -> None:
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
