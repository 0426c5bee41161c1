import pytest

from pier.domain.image import Descriptor, Platform
from pier.oci.platform import choose, format_platform, normalise, rank

AMD64 = Platform(architecture="amd64")


def _platform(text: str) -> Platform:
    os, architecture, *variant = text.split("/")
    return Platform(os=os, architecture=architecture, variant="".join(variant))


def _offer(*platforms: str) -> list[Descriptor]:
    return [
        Descriptor(
            media_type="m",
            digest=f"sha256:{number}",
            size=1,
            platform=_platform(text) if text else None,
        )
        for number, text in enumerate(platforms)
    ]


def _chosen(wanted: str, *platforms: str) -> str | None:
    found = choose(_offer(*platforms), _platform(wanted))
    return None if found is None else platforms[int(found.digest.removeprefix("sha256:"))]


def test_kernel_names_become_image_names() -> None:
    assert normalise(Platform(architecture="x86_64")) == AMD64
    assert normalise(Platform(architecture="aarch64")) == Platform(architecture="arm64")
    assert normalise(Platform(architecture="armv7l")) == Platform(architecture="arm", variant="v7")


def test_a_platform_as_text() -> None:
    assert format_platform(_platform("linux/arm/v7")) == "linux/arm/v7"
    assert format_platform(AMD64) == "linux/amd64"


def test_usual_variants_are_left_out() -> None:
    assert normalise(Platform(architecture="arm64", variant="v8")) == Platform(architecture="arm64")
    assert normalise(Platform(architecture="ARM", variant="6")) == Platform(architecture="arm", variant="v6")


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("linux/amd64", ["linux/arm64", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/386", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/386", "linux/arm64"], "linux/386"),
        ("linux/amd64", ["linux/arm64"], None),
        ("linux/amd64", ["windows/amd64"], None),
        ("linux/amd64", ["unknown/unknown", "linux/amd64/v3", "linux/amd64"], "linux/amd64"),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2"], "linux/amd64/v2"),
        ("linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64/v8"),
        ("linux/arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"),
        ("linux/arm/v6", ["linux/arm/v7"], None),
        ("linux/s390x", ["linux/amd64", "linux/s390x"], "linux/s390x"),
    ],
)
def test_the_best_fit_is_chosen(wanted: str, offered: list[str], chosen: str | None) -> None:
    assert _chosen(wanted, *offered) == chosen


def test_first_of_equals_and_unlabelled_last() -> None:
    assert choose(_offer("linux/amd64", "linux/amd64"), AMD64).digest == "sha256:0"  # type: ignore[union-attr]
    assert _chosen("linux/amd64", "", "linux/amd64") == "linux/amd64"
    assert _chosen("linux/amd64", "linux/arm64", "") == ""
    assert choose([], AMD64) is None


def test_rank_of_a_foreign_platform_is_none() -> None:
    assert rank(Platform(architecture="s390x"), AMD64) is None
    assert rank(AMD64, AMD64) == 0
