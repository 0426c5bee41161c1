"""Both sides of the contract: the fake, and a real containerd that the tests start, each test in its own namespace."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from support.cgroups import remove_cgroup
from support.containerd import Containerd, running_containerd
from support.containerd_backend import CGROUP_PARENT, Backend, fake_backend
from support.facilities import require_command, require_root

from pier.containerd.client import Client
from pier.containerd.containers import ContainerObjects
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.events import RuntimeEvents
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.namespaces import Namespaces
from pier.containerd.snapshots import Snapshots
from pier.containerd.tasks import Tasks
from pier.containerd.version import Version
from pier.domain.runtime import RuntimeChoice

Connect = Callable[[], AbstractAsyncContextManager[Backend]]


@pytest.fixture(scope="session")
def containerd() -> Iterator[Containerd]:
    """A real one for the whole session."""
    require_root()
    require_command("runc")
    with running_containerd() as running:
        yield running
    remove_cgroup(CGROUP_PARENT)


@pytest.fixture
async def client(containerd: Containerd) -> AsyncIterator[Client]:
    """In a namespace of its own."""
    client = Client(containerd.address, f"pier-test-{secrets.token_hex(4)}")
    await Namespaces(client).ensure()
    yield client
    await client.close()


@pytest.fixture
async def real(client: Client, containerd: Containerd) -> AsyncIterator[Backend]:
    """The ports over that client; tasks and container objects are gone afterwards."""
    backend = real_backend(client, containerd)
    yield backend
    await backend.clean()


@pytest.fixture
def connect(containerd: Containerd) -> Connect:
    """For tests that need several namespaces: each call is one more."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Backend]:
        client = Client(containerd.address, f"pier-test-{secrets.token_hex(4)}")
        await Namespaces(client).ensure()
        backend = real_backend(client, containerd)
        try:
            yield backend
            await backend.clean()
        finally:
            await client.close()

    return connected


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.containerd, pytest.mark.root])])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """One after the other."""
    if request.param == "fake":
        yield fake_backend()
        return
    connect: Connect = request.getfixturevalue("connect")
    async with connect() as backend:
        yield backend


def real_backend(client: Client, containerd: Containerd) -> Backend:
    """The adapters; what the OCI runtime keeps lies in containerd's directory, too."""
    return Backend(
        tasks=Tasks(client),
        containers=ContainerObjects(client),
        snapshots=Snapshots(client),
        content=Content(client),
        images=ImageRecords(client),
        diffs=Diffs(client),
        leases=Leases(client),
        earlier_leases=Leases(client),
        events=RuntimeEvents(client),
        version=Version(client),
        runtime=RuntimeChoice(root=str(containerd.directory / "runc")),
    )
