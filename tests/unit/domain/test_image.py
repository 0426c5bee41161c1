import pytest

from pier.domain.image import Platform, parse_platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux", Platform()),
        ("windows", Platform(os="windows")),
        ("macos", Platform(os="darwin")),
        ("macos/arm64", Platform(os="darwin", architecture="arm64")),
        ("s390x", Platform(architecture="s390x")),
        ("aarch64", Platform(architecture="arm64")),
        ("linux/x86_64", Platform()),
        ("linux/armhf", Platform(architecture="arm", variant="v7")),
        ("linux/armhf/v6", Platform(architecture="arm", variant="v6")),
        ("linux/unheard", Platform(architecture="unheard")),
    ],
)
def test_platforms_are_known_by_more_names_than_one(text: str, platform: Platform) -> None:
    assert parse_platform(text.split("/")) == platform


def test_one_word_alone_must_be_known() -> None:
    with pytest.raises(ValueError):
        parse_platform(["unheard"])
