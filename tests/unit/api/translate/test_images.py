import json
from typing import Any

import pytest
from fakes.containers import IMAGE, an_image

from pier.api.translate.images import describe_deletions, describe_image, describe_progress, load_platform_json
from pier.domain.errors import InvalidArgument
from pier.domain.image import Platform
from pier.domain.registry import Progress
from pier.wire.shape import compact


def shown(value: Any) -> Any:
    return json.loads(compact(value))


def test_inspect_has_dockers_keys() -> None:
    assert " ".join(shown(describe_image(an_image(), "overlayfs", 51))) == (
        "Id RepoTags RepoDigests Parent Comment Created DockerVersion Author Config Architecture Os Size GraphDriver "
        "RootFS Metadata"
    )


def test_the_config_of_an_image_is_trimmed() -> None:
    assert shown(describe_image(an_image(), "overlayfs", 51))["Config"] == {
        "User": "",
        "Env": None,
        "Cmd": ["sh"],
        "Volumes": None,
        "WorkingDir": "",
        "Entrypoint": None,
        "OnBuild": None,
        "Labels": None,
    }


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (
            Progress(status="Pulling from a", id="latest"),
            {"status": "Pulling from a", "progressDetail": {}, "id": "latest"},
        ),
        (Progress(status="Digest: x"), {"status": "Digest: x"}),
        (Progress(stream="Loaded\n"), {"stream": "Loaded\n"}),
        (Progress(aux={"Tag": "t"}), {"progressDetail": {}, "aux": {"Tag": "t"}}),
        (
            Progress(status="Downloading", id="a", current=1000, total=0),
            {"status": "Downloading", "progressDetail": {"current": 1000}, "progress": "     1kB", "id": "a"},
        ),
    ],
)
def test_progress(progress: Progress, line: dict[str, object]) -> None:
    assert shown(describe_progress(progress)) == line


def test_deletions() -> None:
    assert shown(describe_deletions([("Untagged", "a:1"), ("Deleted", IMAGE)])) == [
        {"Untagged": "a:1"},
        {"Deleted": IMAGE},
    ]


def test_platforms_of_queries() -> None:
    assert load_platform_json("") is None
    assert load_platform_json('{"architecture":"arm","variant":"v7"}') == Platform(architecture="arm", variant="v7")
    for text in ("arm64", "{}", '{"os":"linux"}'):
        with pytest.raises(InvalidArgument):
            load_platform_json(text)
