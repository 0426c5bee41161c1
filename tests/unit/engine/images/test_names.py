"""Names of image records."""

import pytest

from pier.engine.images.names import is_untagged, untagged_name, user_reference

DIGEST = "sha256:" + "a" * 64


def test_untagged_record_is_nobodys_name() -> None:
    name = untagged_name(DIGEST)
    assert is_untagged(name)
    assert user_reference(name) is None


@pytest.mark.parametrize("name", ["docker.io/library/x:1", f"example.com/a/b@{DIGEST}"])
def test_canonical_names_are_references(name: str) -> None:
    reference = user_reference(name)
    assert reference is not None
    assert reference.canonical == name


@pytest.mark.parametrize("name", [DIGEST, "x:1", "docker.io/library/x", "Not A Name", "import-2024-01-01"])
def test_what_others_name_freely_is_no_reference(name: str) -> None:
    assert user_reference(name) is None
