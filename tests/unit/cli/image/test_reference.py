import pytest

from pier.cli.errors import CliError
from pier.cli.image.reference import parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "repository", "selector", "familiar"),
    [
        ("x", "docker.io/library/x", "latest", "x:latest"),
        ("x:1", "docker.io/library/x", "1", "x:1"),
        ("a/b", "docker.io/a/b", "latest", "a/b:latest"),
        ("index.docker.io/x", "docker.io/library/x", "latest", "x:latest"),
        ("docker.io/library/x", "docker.io/library/x", "latest", "x:latest"),
        ("localhost/x", "localhost/x", "latest", "localhost/x:latest"),
        ("h:5000/a/b:t", "h:5000/a/b", "t", "h:5000/a/b:t"),
        ("q.io/x", "q.io/x", "latest", "q.io/x:latest"),
        (f"x@{DIGEST}", "docker.io/library/x", DIGEST, f"x@{DIGEST}"),
        (f"x:1@{DIGEST}", "docker.io/library/x", DIGEST, f"x@{DIGEST}"),
    ],
)
def test_names(text: str, repository: str, selector: str, familiar: str) -> None:
    reference = parse_reference(text)
    assert (reference.repository, reference.selector, reference.familiar) == (repository, selector, familiar)


def test_full_name() -> None:
    assert parse_reference("x").full == "docker.io/library/x:latest"
    assert parse_reference(f"x@{DIGEST}").full == f"docker.io/library/x@{DIGEST}"


@pytest.mark.parametrize("text", ["", "X", "a/B", "x:", "x:-a", "x@sha256:zz", "a//b", "x y", "x:" + "a" * 129])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(CliError, match="invalid reference format"):
        parse_reference(text)
