"""An image's history."""

import json

from support.image_engine import ImageEngine
from support.images import Node, TestImage, archive, docker_archive, encode

IMAGE = TestImage([{"a": Node(b"1" * 10)}, {"b": Node(b"2" * 20)}])


async def test_newest_first_with_sizes_and_the_image_on_top(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": IMAGE}))
    rows = await engine.images.history("x:1")
    assert [(row.id, row.created_by, row.size, row.tags) for row in rows] == [
        (IMAGE.id, "layer 1", 20, ("x:1",)),
        ("<missing>", "layer 0", 10, ()),
    ]


async def test_steps_without_a_layer_take_nothing(engine: ImageEngine) -> None:
    config = json.loads(IMAGE.config_json)
    config["history"].insert(1, {"created_by": "ENV x", "empty_layer": True})
    files = {"0": IMAGE.layer_tars[0], "1": IMAGE.layer_tars[1], "c": encode(config)}
    manifest = encode([{"Config": "c", "RepoTags": ["x:1"], "Layers": ["0", "1"]}])
    await engine.load(archive({**files, "manifest.json": manifest}))
    assert [(row.created_by, row.size) for row in await engine.images.history("x:1")] == [
        ("layer 1", 20),
        ("ENV x", 0),
        ("layer 0", 10),
    ]
