import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def _manifest(architecture: str, content: int, unpacked: int, *containers: str) -> dict[str, object]:
    return {
        "ID": f"sha256:{architecture:0<64}",
        "Kind": "image",
        "Available": content > 0,
        "Size": {"Total": content + unpacked, "Content": content},
        "ImageData": {
            "Platform": {
                "os": "linux",
                "architecture": architecture,
                "variant": "v8" if architecture == "arm64" else "",
            },
            "Containers": list(containers),
            "Size": {"Unpacked": unpacked},
        },
    }


IMAGES = [
    {
        "Id": "sha256:" + "2" * 64,
        "RepoTags": [],
        "Size": 7,
        "Containers": 0,
        "Manifests": [_manifest("amd64", 2000, 5000)],
    },
    {
        "Id": "sha256:" + "1" * 64,
        "RepoTags": ["x:2", "x:1"],
        "Size": 9,
        "Containers": 1,
        "Manifests": [
            _manifest("amd64", 4_000_000, 8_000_000, "c"),
            _manifest("arm64", 0, 0),
            {"ID": "sha256:3", "Kind": "attestation", "Size": {"Total": 1, "Content": 1}},
        ],
    },
]


def test_tree(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/json", IMAGES)
    code, out, _ = pier("image", "ls", "--tree", "x")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["IMAGE", "ID", "DISK", "USAGE", "CONTENT", "SIZE", "USED"],
        ["x:1", "1" * 12, "12MB", "4MB", "✔"],
        ["x:2", "1" * 12, "12MB", "4MB", "✔"],
        ["├─", "linux/amd64", "amd640000000", "12MB", "4MB", "✔"],
        ["└─", "linux/arm64/v8", "arm640000000", "0B", "0B"],
        ["<untagged>", "2" * 12, "7kB", "2kB"],
        ["└─", "linux/amd64", "amd640000000", "7kB", "2kB"],
    ]
    query = engine.last("GET", "/images/json").query
    assert query == {"filters": ['{"reference":{"x":true}}'], "manifests": ["1"]}


@pytest.mark.parametrize("flags", [["-q"], ["--no-trunc"], ["--digests"], ["--format", "json"]])
def test_flags_that_the_tree_has_no_use_for(engine: HttpEngine, pier: Pier, flags: list[str]) -> None:
    code, _, err = pier("images", "--tree", *flags)
    assert (code, "is not supported with --tree" in err) == (1, True)
    assert engine.sent() == []
