"""A registry's refusals as kinds of `pier.domain.errors`, in the words that Docker's users know."""

import json

from pier.domain.errors import NotFound, PermissionDenied, PierError, Unauthenticated, Unavailable

_CODES = {401: "unauthorized", 403: "denied", 429: "toomanyrequests"}  # as dockerd takes a refusal without a code


class RegistryFailed(PierError):
    """Its own fault, by its own word (status 5xx): another try may help."""


def explain(status: int, body: bytes) -> str:
    """The registry's own words: `manifest unknown: manifest unknown` (distribution-spec, "Error Codes").

    What programs look for in them (`unauthorized: `, `denied: `) is there also where a token service names no code.
    """
    code, message = _first_error(body)
    if code:
        return f"{code.lower().replace('_', ' ')}: {message or 'no further detail'}"
    if not message and status == 401:
        message = "authentication required"
    if message and status in _CODES:
        return f"{_CODES[status]}: {message}"
    return message or f"HTTP status {status}"


def refusal(status: int, body: bytes, *, repository: str, reference: str, pushing: bool = False) -> PierError:
    """What an unsuccessful answer about a repository means. `reference` is empty for anything but a manifest."""
    code, _ = _first_error(body)
    words = explain(status, body)
    if pushing and status in (401, 403):
        kind = Unauthenticated if code == "UNAUTHORIZED" else PermissionDenied
        return kind(f"push access denied to {repository}: {words}; log in with a user who may write to it")
    if pushing and status in (404, 405) and code in ("", "UNSUPPORTED"):
        return PierError(f"the registry takes no pushes of {repository}: {words}")
    if status in (401, 403):
        if code == "DENIED" or status == 403 or not code:
            return NotFound(
                f"pull access denied for {repository}, repository does not exist or may require 'docker login': {words}"
            )
        return Unauthenticated(f"{repository}: {words}; log in to the registry with a user who may read it")
    if status == 404 and code == "NAME_UNKNOWN":
        return NotFound(f"repository {repository} not found: {words}")
    if status == 404 and reference:
        joint = "@" if ":" in reference else ":"
        return NotFound(f"manifest for {repository}{joint}{reference} not found: {_or_unknown(code, words)}")
    if status == 404:
        return NotFound(f"{repository}: not found in the registry: {words}")
    if status == 429:
        return Unavailable(f"the registry limits the rate of requests for {repository}: {words}; try again later")
    if status >= 500:
        return RegistryFailed(f"the registry failed on {repository}: {words}; try again later")
    return PierError(f"the registry refused a request for {repository}: {words}")


def token_refusal(
    status: int, body: bytes, *, host: str, repository: str, anonymous: bool, pushing: bool = False
) -> PierError:
    """What it means when the token service refuses."""
    words = explain(status, body)
    if status in (401, 403) and anonymous and pushing:
        return Unauthenticated(f"push access denied to {repository}: {words}; log in with a user who may write to it")
    if status in (401, 403) and anonymous:
        return NotFound(
            f"pull access denied for {repository}, repository does not exist or may require 'docker login': {words}"
        )
    if status == 401:
        return Unauthenticated(f"the registry {host} refuses the user name or password: {words}")
    if status == 403:
        return PermissionDenied(f"the registry {host} gives this user no access to {repository}: {words}")
    return PierError(f"the token service of {host} failed: {words}; try again later")


def _or_unknown(code: str, words: str) -> str:
    return words if code else "manifest unknown"


def _first_error(body: bytes) -> tuple[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", body[:200].decode("utf-8", "replace").strip()
    errors = document.get("errors") if isinstance(document, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("code", "")), str(errors[0].get("message", ""))
    if isinstance(document, dict):  # token services often answer {"details": …} or {"message": …}
        return "", str(document.get("details") or document.get("message") or "")
    return "", ""
