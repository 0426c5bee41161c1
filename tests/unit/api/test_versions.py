import pytest

from pier.api.versions import Change, TooOld, negotiate, since, split_version
from pier.domain.errors import InvalidArgument


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/v1.43/info", ("1.43", "/info")),
        ("/info", ("", "/info")),
        ("/vfoo/version", ("", "/vfoo/version")),
        ("/version", ("", "/version")),
        ("/volumes/x", ("", "/volumes/x")),
        ("/v/x", ("", "/v/x")),
    ],
)
def test_the_prefix_is_split_off(path: str, parts: tuple[str, str]) -> None:
    assert split_version(path) == parts


@pytest.mark.parametrize(("text", "minor"), [("1.24", 24), ("1.51", 51), ("1.40", 40)])
def test_served_versions(text: str, minor: int) -> None:
    assert negotiate(text) == minor


@pytest.mark.parametrize("text", ["1.52", "2.0", "9", "1." + "9" * 5000])
def test_too_new(text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"client version {text} is too new"):
        negotiate(text)


@pytest.mark.parametrize("text", ["1.23", "0.1", "1", "..", "1."])
def test_too_old(text: str) -> None:
    with pytest.raises(TooOld):
        negotiate(text)


def test_a_change_holds_from_its_version_on() -> None:
    assert since(44, Change.NO_VIRTUAL_SIZE)
    assert not since(43, Change.NO_VIRTUAL_SIZE)
