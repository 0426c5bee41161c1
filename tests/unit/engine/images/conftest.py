"""Image use cases over a containerd and a registry in memory, where whatever lacks a root is collected at once."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine


@pytest.fixture
def containerd() -> FakeContainerd:
    containerd = FakeContainerd()
    containerd.state.collect_always = True
    return containerd


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def engine(containerd: FakeContainerd, registry: FakeRegistry) -> ImageEngine:
    return ImageEngine(
        containerd.content, containerd.images, containerd.snapshots, containerd.diffs, containerd.leases, registry
    )
