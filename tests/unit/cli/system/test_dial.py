import os
import subprocess
import sys
from pathlib import Path

from fakes.http_engine import HttpEngine

import pier


def test_the_api_is_carried_both_ways(tmp_path: Path) -> None:
    with HttpEngine(tmp_path / "engine.sock") as engine:
        engine.answer("GET", "/info", {"ID": "far"})
        source = str(Path(pier.__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-m", "pier", "-H", f"unix://{engine.path}", "system", "dial-stdio"],
            input=b"GET /info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            capture_output=True,
            env={**os.environ, "PYTHONPATH": source},
            check=True,
            timeout=30,
        )
    assert done.stdout.startswith(b"HTTP/1.1 200")
    assert b'"ID"' in done.stdout
