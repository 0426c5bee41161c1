import os

import pytest

from pier.domain.errors import InvalidArgument, PierError
from pier.host.processes import list_processes, select_rows

OUTPUT = """UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 00:00 ?        00:00:01 /sbin/init   with  spaces
root          42       1  0 00:00 ?        00:00:00 sh -c echo   a
root          43      42  0 00:00 ?        00:00:00 sleep 5
"""


def test_only_wanted_pids_and_the_last_column_whole() -> None:
    titles, rows = select_rows(OUTPUT, {42, 43})
    assert titles == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert [row[-1] for row in rows] == ["sh -c echo   a", "sleep 5"]


def test_threads_belong_to_the_process_before_them() -> None:
    output = "PID LWP CMD\n42 - sh\n- 42 -\n43 - other\n- 43 -\n"
    assert select_rows(output, {42})[1] == [["42", "-", "sh"], ["-", "42", "-"]]


def test_output_without_pids_is_an_error() -> None:
    for output in ("", "CMD\nsh\n"):
        with pytest.raises(PierError, match="Couldn't find PID field in ps output"):
            select_rows(output, {1})


async def test_ps_of_this_host_shows_this_process() -> None:
    for arguments in ("", "-ef", "-o pid,comm", "aux"):
        _, rows = await list_processes([os.getpid()], arguments)
        assert any(str(os.getpid()) in row for row in rows)


async def test_ps_arguments_without_pid_or_nonsense() -> None:
    with pytest.raises(PierError, match="PID field"):
        await list_processes([1], "-o comm")
    with pytest.raises(PierError, match="ps: "):
        await list_processes([1], "--nonsense")


async def test_arguments_with_a_nul_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="NUL"):
        await list_processes([1], "-ef\0")


async def test_another_column_may_not_pose_as_pid() -> None:
    with pytest.raises(InvalidArgument, match="not allowed"):
        await list_processes([1], "-o comm=PID")
    await list_processes([1], "-o pid=PID")
