"""libnftables through ctypes: commands as nft(8) reads them, run without a process. See libnftables(3).

One call of `run` is one transaction: the kernel takes all of it or nothing.
"""

import ctypes
import json
import os
import threading
from collections.abc import Mapping, Sequence
from queue import SimpleQueue

from pier.domain.errors import PierError, Unavailable

_OUTPUT_JSON = 1 << 4
_LIBRARY = "libnftables.so.1"
_CLOSE_RANGE_UNSHARE = 1 << 1  # close_range(2)
_FIRST_OWN, _LAST = 3, 0xFFFFFFFF

_libc = ctypes.CDLL(None, use_errno=True)
_libc.close_range.argtypes = (ctypes.c_uint, ctypes.c_uint, ctypes.c_int)


class NftError(PierError):
    """The library or the kernel refused a command; the message holds nft's own words."""


class Nftables:
    """One libnftables context, opened at its first use in the network namespace of that thread. Calls take turns.

    It lives in a thread with a descriptor table of its own: the library waits with select(2), and glibc ends the whole
    process when a descriptor there is not below 1024, of which pierd has more with a hundred containers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: _LibraryThread | None = None

    def run(self, commands: str) -> None:
        """Blocks for about 2 ms. Raises NftError; Unavailable when libnftables is not installed."""
        with self._lock:
            self._execute(commands, json_output=False)

    def query(self, command: str) -> Sequence[Mapping[str, object]]:
        """The objects that a `list` command finds, as libnftables-json(5) describes them."""
        with self._lock:
            output = self._execute(command, json_output=True)
        document = json.loads(output) if output else {}
        found = document.get("nftables", [])
        return [item for item in found if isinstance(item, dict) and "metainfo" not in item]

    def close(self) -> None:
        with self._lock:
            if self._thread is not None:
                self._thread.end()
            self._thread = None

    def _execute(self, commands: str, *, json_output: bool) -> str:
        if self._thread is None:
            self._thread = _LibraryThread(_load())
        status, output, errors = self._thread.ask(commands.encode(), _OUTPUT_JSON if json_output else 0)
        if status != 0:
            raise NftError(f"the packet filter refused a change: {_first_line(errors)}")
        return output


_Answer = tuple[int, str, str]  # status, output, errors


class _LibraryThread:
    """Where the library runs; whoever makes it hands on its network namespace. One `ask` at a time."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises Unavailable."""
        self._library = library
        self._questions: SimpleQueue[tuple[bytes, int] | None] = SimpleQueue()
        self._answers: SimpleQueue[_Answer | BaseException] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="nftables", daemon=True)
        self._thread.start()
        self._take()

    def ask(self, commands: bytes, flags: int) -> _Answer:
        """Runs commands; what the library answers."""
        self._questions.put((commands, flags))
        return self._take()

    def end(self) -> None:
        """Frees the context and waits for the thread."""
        self._questions.put(None)
        self._thread.join()

    def _take(self) -> _Answer:
        answer = self._answers.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _serve(self) -> None:
        """Nothing here may touch a descriptor of the process: the numbers mean others in this thread."""
        try:
            _leave_descriptors()
            context = self._library.nft_ctx_new(0)
            if not context:
                raise Unavailable("libnftables gives no context: is the kernel built without nf_tables?")
            self._library.nft_ctx_buffer_output(context)
            self._library.nft_ctx_buffer_error(context)
        except BaseException as error:  # handed to who waits, whatever it is
            self._answers.put(error)
            return
        self._answers.put((0, "", ""))
        while (question := self._questions.get()) is not None:
            commands, flags = question
            self._library.nft_ctx_output_set_flags(context, flags)
            status = self._library.nft_run_cmd_from_buffer(context, commands)
            output = (self._library.nft_ctx_get_output_buffer(context) or b"").decode(errors="replace")
            errors = (self._library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace")
            self._answers.put((status, output, errors))
        self._library.nft_ctx_free(context)


def _leave_descriptors() -> None:
    """Gives the calling thread a descriptor table of its own, with the standard streams alone. Raises Unavailable."""
    if _libc.close_range(_FIRST_OWN, _LAST, _CLOSE_RANGE_UNSHARE) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise Unavailable(f"cannot give libnftables descriptors of its own: {reason}: it takes Linux 5.9 or newer")


def quote(text: str) -> str:
    """A string in nft's grammar. It knows no escapes, so a quotation mark or a line end is refused."""
    if '"' in text or "\n" in text:
        raise ValueError(f"{text!r} cannot be written in an nft command")
    return f'"{text}"'


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise Unavailable(f"cannot load {_LIBRARY}: install libnftables (Debian: libnftables1)") from error
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = (ctypes.c_uint32,)
    library.nft_ctx_free.argtypes = (ctypes.c_void_p,)
    library.nft_ctx_output_set_flags.argtypes = (ctypes.c_void_p, ctypes.c_uint)
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(library, name).argtypes = (ctypes.c_void_p,)
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = (ctypes.c_void_p,)
        getattr(library, name).restype = ctypes.c_char_p
    library.nft_run_cmd_from_buffer.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    return library


def _first_line(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return next((line for line in lines if "Error:" in line), lines[0] if lines else "no reason given")
