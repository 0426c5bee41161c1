"""Detach keys: `ctrl-p,ctrl-q`, a sequence of single characters and `ctrl-` combinations."""

from pier.domain.errors import InvalidArgument

DEFAULT = b"\x10\x11"
# Beyond the letters, by their control codes (ASCII 0x1b to 0x1f, and NUL).
_CONTROLS = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


class DetachKeys:
    """Watches input for the sequence; bytes that might begin it are held back until that is decided."""

    def __init__(self, sequence: bytes = DEFAULT) -> None:
        self._sequence = sequence
        self._matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What may be passed on, and whether the sequence was completed (what follows it is dropped)."""
        passed = bytearray()
        for byte in data:
            if byte == self._sequence[self._matched]:
                self._matched += 1
                if self._matched == len(self._sequence):
                    self._matched = 0
                    return bytes(passed), True
                continue
            passed += self._sequence[: self._matched]
            self._matched = int(byte == self._sequence[0])
            if not self._matched:
                passed.append(byte)
        return bytes(passed), False


def parse_detach_keys(text: str) -> DetachKeys:
    """Empty: the default. Raises InvalidArgument for what is no key."""
    if not text:
        return DetachKeys()
    return DetachKeys(bytes(_parse_key(key, text) for key in text.split(",")))


def _parse_key(key: str, whole: str) -> int:
    if len(key) == 1 and key.isascii():
        return ord(key)
    name = key.removeprefix("ctrl-") if key.startswith("ctrl-") else ""
    if len(name) == 1 and "a" <= name <= "z":
        return ord(name) - ord("a") + 1
    if name in _CONTROLS:
        return _CONTROLS[name]
    raise InvalidArgument(f"Invalid detach keys ({whole}) provided")
