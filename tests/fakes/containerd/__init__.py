"""containerd in memory: fits the same ports as `pier.containerd` and passes the same contract tests."""

from fakes.containerd.processes import FakeContainerObjects, FakeRuntimeEvents, FakeTasks
from fakes.containerd.state import State
from fakes.containerd.storage import FakeContent, FakeDiffs, FakeImageRecords, FakeLeases, FakeSnapshots

__all__ = ["FakeContainerd"]


class FakeVersion:
    def __init__(self, state: State) -> None:
        self._state = state

    async def prepare(self) -> None:
        await self.version()

    async def version(self) -> tuple[str, str]:
        await self._state.enter("version.version")
        return "0.0.0-fake", "none"


class FakeContainerd:
    """All services over one state. Tests steer it by `state`: see State for failures, gates and outages.

    Processes: the last argument `exit 3` ends at once with 3; a program named in `state.missing` cannot be started;
    all others run until they are killed or `tasks.end(...)`.
    """

    def __init__(self) -> None:
        self.state = State()
        self.version = FakeVersion(self.state)
        self.events = FakeRuntimeEvents(self.state)
        self.containers = FakeContainerObjects(self.state)
        self.snapshots = FakeSnapshots(self.state)
        self.content = FakeContent(self.state)
        self.images = FakeImageRecords(self.state)
        self.diffs = FakeDiffs(self.state)
        self.leases = FakeLeases(self.state)
        self.tasks = FakeTasks(self.state)

    def stop(self) -> None:
        """containerd is away: every call is Unavailable, events are lost; processes live on."""
        self.state.away = True
        self.state.close_streams()

    def start(self) -> None:
        """It is back: subscribers get Connected."""
        self.state.away = False
        self.state.back.set()
