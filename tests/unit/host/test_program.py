import asyncio
from pathlib import Path

from pier.host.program import wait_for_program


def named(proc: Path, name: str) -> None:
    (proc / "7").mkdir(exist_ok=True)
    (proc / "7/comm").write_text(f"{name}\n")


async def test_a_program_is_not_waited_for(tmp_path: Path) -> None:
    named(tmp_path, "sh")
    assert await wait_for_program(7, 0, tmp_path)
    assert await wait_for_program(8, 0, tmp_path)  # that has ended


async def test_what_is_still_runcs_is_waited_for_until_it_is_a_program(tmp_path: Path) -> None:
    named(tmp_path, "runc:[2:INIT]")
    async with asyncio.TaskGroup() as jobs:
        waiting = jobs.create_task(wait_for_program(7, 5, tmp_path))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        named(tmp_path, "sh")
    assert waiting.result()


async def test_the_wait_is_bounded(tmp_path: Path) -> None:
    named(tmp_path, "runc:[2:INIT]")
    assert not await wait_for_program(7, 0.01, tmp_path)
