import pytest

from pier.api.errors import describe_error, message_of, status_of
from pier.api.http.messages import BodyTooLarge, MalformedBody
from pier.api.versions import TooOld
from pier.domain.errors import Conflict, InvalidArgument, NotModified, PierError, StartFailed


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("x"), 409),
        (TooOld("x"), 400),
        (PierError("x"), 500),
        (RuntimeError("x"), 500),
        (StartFailed("x", 126), 400),
        (StartFailed("x", 128), 500),
        (BodyTooLarge("x"), 400),
        (MalformedBody("x"), 400),
    ],
)
def test_statuses(error: Exception, status: int) -> None:
    assert status_of(error) == status


def test_an_error_is_json_with_a_newline() -> None:
    reply = describe_error(InvalidArgument('a "b"'), "x")
    assert (reply.status, reply.body) == (400, b'{"message":"a \\"b\\""}\n')


def test_old_clients_get_plain_text() -> None:
    reply = describe_error(TooOld("too old"), "x")
    assert reply.body == b"too old\n"
    assert ("Content-Type", "text/plain; charset=utf-8") in reply.headers


def test_nothing_to_do_has_no_body() -> None:
    reply = describe_error(NotModified("x"), "x")
    assert (reply.status, reply.body, list(reply.headers)) == (304, b"", [])


def test_only_defects_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert message_of(PierError("known"), "GET /x") == "known"
    assert not caplog.records
    assert message_of(KeyError("k"), "GET /x") == "internal error: KeyError: 'k'"
    assert "GET /x" in caplog.text
