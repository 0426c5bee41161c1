"""One store with other namespaces of containerd."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.neighbours import FakeNeighbours
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import Conflict, InvalidArgument, NotFound

ONE = TestImage([{"a": Node(b"1")}, {"b": Node(b"2")}])
TWO = TestImage([{"c": Node(b"3")}])
MANAGED = {"io.cri-containerd.image": "managed", "io.cri-containerd.pinned": "pinned"}


def _engine(containerd: FakeContainerd, neighbours: FakeNeighbours, *namespaces: str) -> ImageEngine:
    return ImageEngine(
        containerd.content,
        containerd.images,
        containerd.snapshots,
        containerd.diffs,
        containerd.leases,
        FakeRegistry(),
        neighbours=neighbours,
        image_namespaces=namespaces,
    )


@pytest.fixture
def kubernetes() -> FakeContainerd:
    return FakeContainerd()


@pytest.fixture
def ours(containerd: FakeContainerd, kubernetes: FakeContainerd) -> ImageEngine:
    return _engine(containerd, FakeNeighbours({"k8s.io": kubernetes}), "default", "k8s.io")


@pytest.fixture
async def _theirs(kubernetes: FakeContainerd) -> None:
    """An image in the other namespace."""
    await _engine(kubernetes, FakeNeighbours()).load(docker_archive({"x:1": ONE}))


@pytest.mark.usefixtures("_theirs")
async def test_image_of_another_namespace_is_used(ours: ImageEngine, containerd: FakeContainerd) -> None:
    assert await ours.images.list() == []
    image = await ours.images.get("x:1")
    assert (image.id, image.repo_tags, len(image.repo_digests)) == (ONE.id, ("x:1",), 1)
    assert image.chain_id in containerd.state.snapshots
    assert ours.events == [("load", ONE.id, "x:1")]
    assert await ours.images.get("x:1") == image
    with pytest.raises(NotFound, match="No such image: y:1"):
        await ours.images.get("y:1")


@pytest.mark.usefixtures("_theirs")
async def test_nothing_is_used_unless_asked_for(containerd: FakeContainerd, kubernetes: FakeContainerd) -> None:
    engine = _engine(containerd, FakeNeighbours({"k8s.io": kubernetes}))
    with pytest.raises(NotFound):
        await engine.images.get("x:1")


@pytest.mark.usefixtures("_theirs")
async def test_image_without_its_blobs_is_left_to_a_pull(
    ours: ImageEngine, containerd: FakeContainerd, kubernetes: FakeContainerd
) -> None:
    """As CRI leaves it with discard_unpacked_layers."""
    layer = next(digest for digest, blob in kubernetes.state.blobs.items() if len(blob.data) > 5000)
    del kubernetes.state.blobs[layer]
    with pytest.raises(NotFound, match="No such image"):
        await ours.images.get("x:1")
    assert not containerd.state.leases
    assert not containerd.state.images


async def test_share_puts_names_id_and_labels_there(ours: ImageEngine, kubernetes: FakeContainerd) -> None:
    await ours.load(docker_archive({"x:1": ONE, "y:2": ONE}))
    await ours.images.share("x:1", "k8s.io")
    names = {"docker.io/library/x:1", "docker.io/library/y:2", ONE.id}
    assert set(kubernetes.state.images) == names
    assert all(record.labels.items() >= MANAGED.items() for record in kubernetes.state.images.values())
    assert not kubernetes.state.leases
    kubernetes.state.collect()
    image = await ours.images.get("x:1")
    assert all(layer.digest in kubernetes.state.blobs for layer in image.layers)
    await ours.images.unshare("x:1", "k8s.io")
    assert not kubernetes.state.images
    with pytest.raises(Conflict, match="is not shared"):
        await ours.images.unshare("x:1", "k8s.io")


async def test_digest_of_layers_that_were_compressed_by_a_push_is_not_shared(
    ours: ImageEngine, kubernetes: FakeContainerd
) -> None:
    """The other namespace could not find them: they are here in their plain form only."""
    await ours.load(docker_archive({"h:5/a:1": ONE}))
    await ours.push("h:5/a:1")
    await ours.images.share("h:5/a:1", "k8s.io")
    assert set(kubernetes.state.images) == {ONE.id, "h:5/a:1"}
    target = kubernetes.state.images["h:5/a:1"].target.digest
    assert target == (await ours.images.get("h:5/a:1")).manifest.digest
    await ours.images.unshare("h:5/a:1", "k8s.io")
    assert not kubernetes.state.images


async def test_share_never_takes_a_name_away(ours: ImageEngine, kubernetes: FakeContainerd) -> None:
    await _engine(kubernetes, FakeNeighbours()).load(docker_archive({"x:1": TWO}))
    await ours.load(docker_archive({"x:1": ONE}))
    with pytest.raises(Conflict, match=r"is another image in the namespace k8s\.io"):
        await ours.images.share("x:1", "k8s.io")
    with pytest.raises(Conflict, match="is not shared"):
        await ours.images.unshare("x:1", "k8s.io")


async def test_shares_that_make_no_sense(ours: ImageEngine) -> None:
    await ours.load(docker_archive([ONE]))
    with pytest.raises(InvalidArgument, match="has no name"):
        await ours.images.share(ONE.id, "k8s.io")
    with pytest.raises(NotFound, match="no such containerd namespace: nowhere"):
        await ours.images.share(ONE.id, "nowhere")


@pytest.mark.usefixtures("_theirs")
async def test_names_that_they_had_stay_theirs(ours: ImageEngine, kubernetes: FakeContainerd) -> None:
    before = dict(kubernetes.state.images)
    await ours.images.tag("x:1", "y", "2")
    await ours.images.share("y:2", "k8s.io")
    assert {name: kubernetes.state.images[name] for name in before} == before
    await ours.images.unshare("y:2", "k8s.io")
    assert kubernetes.state.images == before
