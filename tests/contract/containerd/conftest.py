"""Both sides of the contract: the fake, and a real containerd that the tests start, each test in its own namespace."""

from collections.abc import AsyncIterator, Iterator

import pytest
from support.containerd import Containerd, remove_cgroup, running_containerd
from support.containerd_backend import CGROUP_PARENT, Backend, fake_backend, real_backend
from support.facilities import require_command, require_root


@pytest.fixture(scope="session")
def containerd() -> Iterator[Containerd]:
    """A real one for the whole session."""
    require_root()
    require_command("runc")
    with running_containerd() as running:
        yield running
    remove_cgroup(CGROUP_PARENT)


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.containerd, pytest.mark.root])])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """One containerd after the other, and a lease for all that the test makes."""
    if request.param == "fake":
        yield fake_backend()
        return
    async with real_backend(request.getfixturevalue("containerd")) as backend:
        yield backend


@pytest.fixture
async def real(containerd: Containerd) -> AsyncIterator[Backend]:
    """The real one only."""
    async with real_backend(containerd) as backend:
        yield backend
