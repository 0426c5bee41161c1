"""pierd with more descriptors than select(2) can wait for: here from clients, on a host from a hundred containers."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def test_containers_start_and_find_each_other_with_more_than_1024(engine: Engine, image: str) -> None:
    engine.docker("network", "create", "net").check()
    with ExitStack() as clients:
        for _ in range(1100):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(engine.socket)
        wait_for(lambda: len(os.listdir(Path(f"/proc/{engine.pid}/fd"))) > 1100, what="pierd has taken them all")
        engine.docker("run", "-d", "--network", "net", "-p", "80", "--name", "web", image, "sleep", "1000").check()
        found = engine.docker("run", "--rm", "--network", "net", image, "nslookup", "web").check()
        assert "web" in found.stdout
    engine.docker("rm", "-f", "web").check()
