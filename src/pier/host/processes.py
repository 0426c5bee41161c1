"""ps(1) of the host, cut to the processes of a container."""

import asyncio
import contextlib
import re
from collections.abc import Collection, Iterable

from pier.domain.errors import InvalidArgument, PierError

DEFAULT_PS_ARGS = "-ef"
_TIMEOUT = 10.0  # seconds
_RENAMED_PID = re.compile(r"(\S*)=\s*(PID\S*)")


async def list_processes(pids: Iterable[int], ps_args: str) -> tuple[list[str], list[list[str]]]:
    """Titles and rows of `ps <ps_args>` for these pids; the last column keeps its spaces.

    Raises InvalidArgument for arguments that give another column the title PID or hold a NUL; PierError when ps fails,
    takes longer than ten seconds or shows no PID column.
    """
    _check(ps_args)
    output = await _run_ps(ps_args.split() or [DEFAULT_PS_ARGS])
    return select_rows(output, frozenset(pids))


def _check(ps_args: str) -> None:
    if "\0" in ps_args:
        raise InvalidArgument("invalid arguments for ps: they hold a NUL")
    for found in _RENAMED_PID.finditer(ps_args):
        if found[1].rpartition(",")[2] != "pid":
            raise InvalidArgument(f'specifying "{found[0]}" is not allowed')


async def _run_ps(arguments: list[str]) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            "ps",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise PierError(f"ps cannot be run: {error}") from error
    try:
        async with asyncio.timeout(_TIMEOUT):
            output, complaint = await process.communicate()
    except TimeoutError as error:
        raise PierError(f"ps did not answer within {_TIMEOUT:.0f} seconds") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.returncode != 0:
        reason = complaint.decode(errors="replace").strip().partition("\n")[0]  # the rest is ps's usage
        raise PierError(f"ps: {reason or process.returncode}")
    return output.decode(errors="replace")


def select_rows(output: str, pids: Collection[int]) -> tuple[list[str], list[list[str]]]:
    """Splits ps's output into titles and those rows whose PID is wanted.

    Threads have `-` for a pid and belong to the row before. Raises PierError without a PID column.
    """
    lines = output.splitlines()
    titles = lines[0].split() if lines else []
    if "PID" not in titles:
        raise PierError("Couldn't find PID field in ps output")
    column = titles.index("PID")
    rows, wanted = [], False
    for line in lines[1:]:
        fields = line.split(maxsplit=len(titles) - 1)
        if len(fields) <= column:
            continue
        if fields[column] != "-":
            if not fields[column].isdigit():
                raise PierError(f"Unexpected pid '{fields[column]}' in ps output")
            wanted = int(fields[column]) in pids
        if wanted:
            rows.append(fields)
    return titles, rows
