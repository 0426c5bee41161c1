import pytest

from pier.domain import reference
from pier.domain.errors import InvalidArgument
from pier.domain.reference import Reference, parse, parse_new_name, record_name

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "canonical", "familiar"),
    [
        ("x", "docker.io/library/x:latest", "x:latest"),
        ("x:1", "docker.io/library/x:1", "x:1"),
        ("library/x", "docker.io/library/x:latest", "x:latest"),
        ("docker.io/x", "docker.io/library/x:latest", "x:latest"),
        ("docker.io/library/x", "docker.io/library/x:latest", "x:latest"),
        ("index.docker.io/x", "docker.io/library/x:latest", "x:latest"),
        ("a/b:c", "docker.io/a/b:c", "a/b:c"),
        ("localhost/b", "localhost/b:latest", "localhost/b:latest"),
        ("localhost:5000/b/c:d", "localhost:5000/b/c:d", "localhost:5000/b/c:d"),
        ("127.0.0.1:5000/inv/big", "127.0.0.1:5000/inv/big:latest", "127.0.0.1:5000/inv/big:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
        ("ghcr.io/a/b", "ghcr.io/a/b:latest", "ghcr.io/a/b:latest"),
        ("HOST/b", "HOST/b:latest", "HOST/b:latest"),
        (f"x@{DIGEST}", f"docker.io/library/x@{DIGEST}", f"x@{DIGEST}"),
        (f"x:1@{DIGEST}", f"docker.io/library/x:1@{DIGEST}", f"x:1@{DIGEST}"),
        ("a__b.c-d---e", "docker.io/library/a__b.c-d---e:latest", "a__b.c-d---e:latest"),
    ],
)
def test_short_names_are_completed_and_shown_short_again(text: str, canonical: str, familiar: str) -> None:
    parsed = parse(text)
    assert (parsed.canonical, parsed.familiar) == (canonical, familiar)
    assert parse(parsed.canonical) == parsed
    assert parse(parsed.familiar) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "x:",
        "/x",
        "x/",
        "a//b",
        "-x",
        "x-",
        "a___b",
        "x:-tag",
        f"x:{'t' * 129}",
        "x y",
        "x@",
        "x@sha256:1",
        "https://x/y",
        "x@y@z",
        "a..b",
        "host:port/x",
        "x\n",
    ],
)
def test_text_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid reference format"):
        parse(text)


def test_upper_case_repository_is_refused_in_dockers_words() -> None:
    with pytest.raises(InvalidArgument, match=r"repository name \(library/Foo\) must be lowercase"):
        parse("Foo:Tag")


def test_upper_case_tag_is_fine() -> None:
    assert parse("foo:Tag").tag == "Tag"


def test_full_hex_is_kept_for_ids() -> None:
    with pytest.raises(InvalidArgument, match="cannot specify 64-byte hexadecimal strings"):
        parse("ab" * 32)


def test_digest_of_unknown_algorithm_or_wrong_length_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="unsupported digest algorithm"):
        parse("x@md5:" + "0" * 32)
    with pytest.raises(InvalidArgument, match="invalid checksum digest length"):
        parse("x@sha256:" + "0" * 40)


def test_path_length_is_bounded() -> None:
    assert parse("a/" + "b" * 253).path.endswith("b")
    with pytest.raises(InvalidArgument, match="255 characters"):
        parse("a/" + "b" * 254)


def test_no_tag_can_stay_empty() -> None:
    assert parse("x", default_tag="") == Reference("docker.io", "library/x")


@pytest.mark.parametrize(
    ("repository", "tag", "name"),
    [("a/b", "", "a/b:latest"), ("a/b", "2", "a/b:2"), ("a/b:1", "", "a/b:1"), ("a/b:1", "2", "a/b:2")],
)
def test_a_new_name_may_bring_its_tag_along(repository: str, tag: str, name: str) -> None:
    assert parse_new_name(repository, tag).familiar == name


@pytest.mark.parametrize(
    ("repository", "reason"),
    [
        ("a@sha256:" + "1" * 64, "cannot import digest"),
        ("sha256", "ambiguous tag"),
        ("A", "lowercase"),
        ("", "invalid"),
    ],
)
def test_names_that_no_image_may_be_given(repository: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        parse_new_name(repository, "1")


def test_tag_and_digest_can_be_exchanged() -> None:
    parsed = parse(f"x:1@{DIGEST}")
    assert parsed.with_tag("2").canonical == "docker.io/library/x:2"
    assert parsed.with_digest(DIGEST).canonical == f"docker.io/library/x@{DIGEST}"
    with pytest.raises(InvalidArgument, match="invalid tag format"):
        parsed.with_tag("a b")


def test_ids_and_their_beginnings_are_recognised() -> None:
    assert reference.is_image_id(DIGEST)
    assert not reference.is_image_id(DIGEST[:-1])
    assert reference.is_image_id_prefix("sha256:a")
    assert reference.is_image_id_prefix("cafe")
    assert not reference.is_image_id_prefix("sha256:")
    assert not reference.is_image_id_prefix("debian")
    assert reference.is_full_hex("0" * 64)
    assert not reference.is_hex_prefix("0" * 65)


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("h:5000/a/b:1", "h:5000/a/b:1"),
        (f"busybox@sha256:{'b' * 64}", f"docker.io/library/busybox@sha256:{'b' * 64}"),
        ("cafe", ""),
        (f"sha256:{'cafe' * 16}", ""),
        ("cafe" * 16, ""),
        ("decaf", "docker.io/library/decaf:latest"),
    ],
)
def test_the_record_that_a_reference_leads_to(ref: str, name: str) -> None:
    assert record_name(ref, f"sha256:{'cafe' * 16}") == name
