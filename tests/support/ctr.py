"""What containerd holds in a namespace, as its own tool tells it."""

import subprocess

from support.containerd import Containerd
from support.facilities import require_command

from pier.containerd.client import Client
from pier.containerd.leases import Leases


def listed(containerd: Containerd, namespace: str, *words: str) -> list[str]:
    """The lines that `ctr` prints."""
    return listed_at(containerd.address, namespace, *words)


def listed_at(address: str, namespace: str, *words: str) -> list[str]:
    """The same of the containerd at this socket."""
    ctr = [require_command("ctr"), "--address", address, "--namespace", namespace, *words]
    return subprocess.run(ctr, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


async def assert_nothing_left(containerd: Containerd, client: Client) -> None:
    """No image, blob, ingest, snapshot or lease in the client's namespace, once garbage has been collected."""
    await Leases(client).collect()
    assert listed(containerd, client.namespace, "images", "ls", "-q") == []
    assert listed(containerd, client.namespace, "content", "ls", "-q") == []
    assert listed(containerd, client.namespace, "content", "active")[1:] == []
    assert listed(containerd, client.namespace, "snapshots", "ls")[1:] == []
    assert listed(containerd, client.namespace, "leases", "ls", "-q") == []
