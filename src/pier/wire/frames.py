"""Frames of the multiplexed stream: `[stream, 0, 0, 0, length as 4 bytes big-endian]` and the payload.

Used by attach, exec and logs whenever there is no terminal (Docker API, "Attach to a container", Stream format).
"""

import struct
from collections.abc import Iterator

STDIN, STDOUT, STDERR, SYSTEM_ERROR = 0, 1, 2, 3
_HEADER = struct.Struct(">BxxxL")
HEADER_LENGTH = _HEADER.size


def frame(stream: int, payload: bytes) -> bytes:
    """One frame around `payload`."""
    return _HEADER.pack(stream, len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into (stream, payload); frames may be split over reads at any place."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """All frames that are complete once `data` has arrived. Raises ValueError for bytes that are no frame."""
        self._data += data
        while len(self._data) >= HEADER_LENGTH:
            stream, length = _HEADER.unpack_from(self._data)
            if stream > SYSTEM_ERROR or any(self._data[1:4]):
                raise ValueError(f"unrecognized stream: {stream}; this is no multiplexed stream")
            end = HEADER_LENGTH + length
            if len(self._data) < end:
                return
            payload = bytes(self._data[HEADER_LENGTH:end])
            del self._data[:end]
            yield stream, payload

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame."""
        return len(self._data)
