"""The keys that leave a container running: reading `ctrl-p,ctrl-q`, and finding them in what a person types."""

DEFAULT_KEYS = b"\x10\x11"  # ctrl-p, ctrl-q
_CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_"


def parse_keys(text: str) -> bytes:
    """The bytes of `a`, `ctrl-x` and the like, parted by commas. Raises ValueError."""
    keys = bytearray()
    for name in text.split(","):
        if len(name) == 1 and name.isascii():
            keys += name.encode()
        elif len(name) == 6 and name.startswith("ctrl-") and name[5].lower() in _CONTROL:
            keys.append(_CONTROL.index(name[5].lower()))
        else:
            raise ValueError(f"unknown character: '{name}'")
    return bytes(keys)


class DetachFilter:
    """Passes typed bytes on, holding back those that may begin the detach keys."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0
        self.detached = False

    def feed(self, data: bytes) -> bytes:
        """The bytes to send on; `detached` is True once the keys were typed, what follows them is dropped."""
        passed = bytearray()
        for byte in data:
            if self._keys and byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self.detached = True
                    break
                continue
            passed += self._keys[: self._matched]
            self._matched = 0
            if self._keys and byte == self._keys[0]:
                self._matched = 1
                if len(self._keys) == 1:
                    self.detached = True
                    break
                continue
            passed.append(byte)
        return bytes(passed)
