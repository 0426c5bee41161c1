"""What pierd does with a container's output, alone in a process that a test can kill.

`log_reader.py EXEC_ROOT LOG_PATH open|reopen`: reads until a line comes on stdin, then finishes.
"""

import asyncio
import sys
from pathlib import Path

from pier.domain.container import LogConfig
from pier.keeper.client import Keeper
from pier.logs.streams import Streams

OPTIONS = {"max-size": "4m", "max-file": "500"}


async def main(exec_root: Path, log_path: str, verb: str) -> None:
    keeper = Keeper(exec_root / "keeper.sock", idle=1)
    streams = Streams(exec_root=exec_root, keeper=keeper)
    make = streams.open if verb == "open" else streams.reopen
    stream = await make("c1", stdin=False, terminal=False, log=LogConfig(options=OPTIONS), log_path=log_path)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await stream.finish()
    await streams.close()
    await keeper.close()
    print("finished", flush=True)


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
