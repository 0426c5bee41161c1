"""Kinds of errors to HTTP statuses: the second and last translation of an error."""

import logging

from pier.api.http.messages import BodyTooLarge, MalformedBody, Reply
from pier.api.versions import TooOld
from pier.domain.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    NotModified,
    PermissionDenied,
    PierError,
    StartFailed,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from pier.wire.container import ErrorReply
from pier.wire.shape import encode

_log = logging.getLogger("pier.api")
JSON = ("Content-Type", "application/json")
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
_STATUSES: tuple[tuple[type[PierError], int], ...] = (
    (NotFound, 404),
    (InvalidArgument, 400),
    (Conflict, 409),
    (NotModified, 304),
    (Unauthenticated, 401),
    (PermissionDenied, 403),
    (Unavailable, 503),
    (Unsupported, 501),
)


def status_of(error: Exception) -> int:
    if isinstance(error, StartFailed):
        return 400 if error.is_users_mistake else 500
    if isinstance(error, BodyTooLarge | MalformedBody):
        return 400
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def message_of(error: Exception, doing: str) -> str:
    """The sentence a user sees. What is no PierError is a defect of Pier: logged with its traceback."""
    if isinstance(error, PierError | BodyTooLarge | MalformedBody):
        return str(error)
    _log.error("unexpected failure of %s", doing, exc_info=error)
    return f"internal error: {type(error).__name__}: {error}"


def describe_error(error: Exception, doing: str) -> Reply:
    """The whole reply: JSON, or plain text for clients too old to read that, or nothing for NotModified."""
    status = status_of(error)
    if status == 304:
        return Reply(status=304)
    message = message_of(error, doing)
    if isinstance(error, TooOld):
        return Reply(status=status, headers=_PLAIN, body=message.encode() + b"\n")
    return Reply(status=status, headers=(JSON,), body=encode(ErrorReply(message=message)))
