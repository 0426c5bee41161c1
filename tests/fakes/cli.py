"""What the `pier` fixture of the CLI tests is."""

from typing import Protocol


class Pier(Protocol):
    """Runs one command line in this process."""

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
