"""Fixtures of the tests that run a real pierd; unit tests use none of them."""

from collections.abc import Callable, Generator, Iterator

import pytest
from support import leaks
from support.cli import Cli
from support.containerd import Containerd, running_containerd
from support.engine import Engine
from support.facilities import require_command, require_root
from support.images import BUSYBOX, busybox_archive

NewEngine = Callable[..., Engine]
_engines: list[Engine] = []


@pytest.fixture(scope="session")
def containerd() -> Iterator[Containerd]:
    """A containerd of the tests' own, for the whole run."""
    require_root()
    for command in ("containerd", "runc", "nft", "ip", "ctr", "busybox"):
        require_command(command)
    with running_containerd() as running:
        yield running


@pytest.fixture(scope="session")
def engine(containerd: Containerd) -> Iterator[Engine]:
    """The pierd that most tests share, with the test image loaded."""
    with_image = Engine(containerd.address)
    _engines.append(with_image)
    try:
        with_image.start()
        load_image(with_image)
        yield with_image
        assert with_image.stop() == 0
    finally:
        _engines.remove(with_image)
        with_image.destroy()


@pytest.fixture
def new_engine(containerd: Containerd) -> Iterator[NewEngine]:
    """Makes further engines, not started, each with its own everything; all are taken down at the end of the test."""
    made: list[Engine] = []

    def make(*flags: str, address: str = containerd.address) -> Engine:
        made.append(Engine(address, flags))
        _engines.append(made[-1])
        return made[-1]

    yield make
    for one in made:
        _engines.remove(one)
        try:
            if one.process and one.answers():
                one.remove_all_containers()
        finally:
            one.destroy()


def load_image(engine: Engine) -> None:
    """Loads the busybox image that the tests run."""
    reply = engine.call("POST", "/images/load?quiet=1", busybox_archive().read_bytes())
    assert reply.status == 200, reply.body
    assert b"Loaded image" in reply.body, reply.body


@pytest.fixture
def image() -> str:
    """The test image's name: busybox, with `sh` as its command."""
    return BUSYBOX


@pytest.fixture(params=["pier", "docker"])
def cli(request: pytest.FixtureRequest, engine: Engine) -> Cli:
    """Each test with this runs twice: with Pier's own CLI and with the stock docker CLI."""
    return Cli(request.param, engine)


@pytest.fixture
def tidy(engine: Engine) -> Iterator[None]:
    """Removes the containers, networks and volumes that a test left."""
    yield
    if engine.process and engine.answers():
        engine.remove_all_containers()
        engine.remove_all_networks()


@pytest.fixture(scope="module")
def no_leaks(engine: Engine) -> Iterator[None]:
    """After a module's tests the engine holds no more than before."""
    before = leaks.take(engine)
    yield
    leaks.assert_nothing_left(engine, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, "pytest.CallInfo[None]", None]:
    """A failed test shows the end of the logs of the engines that were up."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's Result
    if report.failed:
        for engine in _engines:
            report.sections.append((f"pierd {engine.name}", engine.tail(40)))
