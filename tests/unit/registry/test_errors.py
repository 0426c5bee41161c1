"""What a registry's refusals mean."""

import json

import pytest

from pier.domain.errors import NotFound, PermissionDenied, PierError, Unauthenticated, Unavailable
from pier.registry.errors import RegistryFailed, explain, refusal, token_refusal


def _body(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            404,
            _body("MANIFEST_UNKNOWN", "manifest unknown"),
            NotFound,
            "for r:t not found: manifest unknown: manifest",
        ),
        (404, b"", NotFound, "manifest for r:t not found: manifest unknown"),
        (404, _body("NAME_UNKNOWN", "repository name not known"), NotFound, "repository r not found: name unknown"),
        (
            401,
            _body("DENIED", "no access"),
            NotFound,
            "pull access denied for r, repository does not exist",
        ),
        (403, b"", NotFound, "pull access denied for r"),
        (
            401,
            _body("UNAUTHORIZED", "authentication required"),
            Unauthenticated,
            "unauthorized: authentication",
        ),
        (429, _body("TOOMANYREQUESTS", "slow down"), Unavailable, "toomanyrequests: slow down"),
        (500, b"<html>oops</html>", RegistryFailed, "the registry failed on r: <html>oops"),
        (418, b"", PierError, "HTTP status 418"),
    ],
)
def test_refusal(status: int, body: bytes, kind: type[PierError], text: str) -> None:
    error = refusal(status, body, repository="r", reference="t")
    assert type(error) is kind
    assert text in error.message


def test_digest_is_joined_by_an_at_sign() -> None:
    assert "manifest for r@sha256:0 not" in refusal(404, b"", repository="r", reference="sha256:0").message


@pytest.mark.parametrize(
    ("status", "anonymous", "kind"),
    [
        (401, True, NotFound),
        (403, True, NotFound),
        (401, False, Unauthenticated),
        (403, False, PermissionDenied),
        (500, False, PierError),
    ],
)
def test_token_refusal(status: int, anonymous: bool, kind: type[PierError]) -> None:
    assert type(token_refusal(status, b"", host="h", repository="r", anonymous=anonymous)) is kind


def test_a_token_for_a_push_is_refused_in_its_words() -> None:
    error = token_refusal(401, b'{"details":"who?"}', host="h", repository="r", anonymous=True, pushing=True)
    assert type(error) is Unauthenticated
    assert "push access denied to r: unauthorized: who?;" in error.message


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, b'{"details":"incorrect username or password"}', "unauthorized: incorrect username or password"),
        (401, b"[]", "unauthorized: authentication required"),
        (401, b'{"errors":[]}', "unauthorized: authentication required"),
        (403, b'{"details":"not yours"}', "denied: not yours"),
        (403, b"", "HTTP status 403"),
        (429, b'{"message":"slow down"}', "toomanyrequests: slow down"),
        (500, b"oops", "oops"),
    ],
)
def test_words_of_other_services(status: int, body: bytes, text: str) -> None:
    assert explain(status, body) == text


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            401,
            _body("UNAUTHORIZED", "authentication required"),
            Unauthenticated,
            "push access denied to r: unauthorized",
        ),
        (
            403,
            _body("DENIED", "requested access to the resource is denied"),
            PermissionDenied,
            "denied: requested access",
        ),
        (405, _body("UNSUPPORTED", "The operation is unsupported."), PierError, "takes no pushes of r"),
        (404, _body("NAME_UNKNOWN", "repository name not known"), NotFound, "repository r not found"),
        (413, b"", PierError, "HTTP status 413"),
    ],
)
def test_refusal_of_a_push(status: int, body: bytes, kind: type[PierError], text: str) -> None:
    error = refusal(status, body, repository="r", reference="", pushing=True)
    assert type(error) is kind
    assert text in str(error)
