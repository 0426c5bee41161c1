"""Scripts that put a runtime's own arguments in front of those of the shim, which has no other way to pass them."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from pier.domain.errors import PierError


def write_wrappers(data_root: Path, commands: Mapping[str, Sequence[str]]) -> None:
    """`data_root`/runtimes/NAME for each command line, replaced whole; others stay, as containers may run by them.

    Under the data root and not /run, which may be mounted noexec. Raises PierError.
    """
    folder = data_root / "runtimes"
    try:
        for name, command in commands.items():
            folder.mkdir(mode=0o700, exist_ok=True)
            unfinished = folder / f".{name}.new"
            unfinished.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
            unfinished.chmod(0o700)
            unfinished.rename(folder / name)
    except OSError as error:
        raise PierError(f"cannot write the wrapper of a runtime in {folder}: {error}") from error
