"""libnftables through ctypes: commands as nft(8) reads them, run without a process. See libnftables(3).

One call of `run` is one transaction: the kernel takes all of it or nothing.
"""

import ctypes
import json
import threading
from collections.abc import Mapping, Sequence

from pier.domain.errors import PierError, Unavailable

_OUTPUT_JSON = 1 << 4
_LIBRARY = "libnftables.so.1"


class NftError(PierError):
    """The library or the kernel refused a command; the message holds nft's own words."""


class Nftables:
    """One libnftables context, opened at its first use in the network namespace of that thread. Calls take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: ctypes.CDLL | None = None
        self._context: int | None = None

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
            if self._library is not None and self._context is not None:
                self._library.nft_ctx_free(self._context)
            self._context = None

    def _execute(self, commands: str, *, json_output: bool) -> str:
        library, context = self._open()
        library.nft_ctx_output_set_flags(context, _OUTPUT_JSON if json_output else 0)
        status = library.nft_run_cmd_from_buffer(context, commands.encode())
        output = (library.nft_ctx_get_output_buffer(context) or b"").decode(errors="replace")
        errors = (library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace")
        if status != 0:
            raise NftError(f"the packet filter refused a change: {_first_line(errors)}")
        return output

    def _open(self) -> tuple[ctypes.CDLL, int]:
        if self._library is None:
            self._library = _load()
        if self._context is None:
            context = self._library.nft_ctx_new(0)
            if not context:
                raise Unavailable("libnftables gives no context: is the kernel built without nf_tables?")
            self._library.nft_ctx_buffer_output(context)
            self._library.nft_ctx_buffer_error(context)
            self._context = context
        return self._library, self._context


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
