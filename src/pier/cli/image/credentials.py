"""Credentials for a registry, from the user's config.json or the helper program that it names."""

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"
_HELPER_TIMEOUT = 60


def registry_headers(session: "Session", domain: str) -> "list[tuple[str, str]]":
    """The X-Registry-Auth header for a registry's domain; none when no credentials are known."""
    key = _HUB_KEY if domain == "docker.io" else domain
    config = session.config
    helper = (config.get("credHelpers") or {}).get(key) or config.get("credsStore") or ""
    found = _from_helper(helper, key) if helper else _from_file(config.get("auths") or {}, key)
    if not found:
        return []
    import base64

    from pier.client.json_codec import encode

    return [("X-Registry-Auth", base64.urlsafe_b64encode(encode(found).encode()).decode())]


def _from_file(auths: "dict[str, Any]", key: str) -> "dict[str, str]":
    import base64

    for name in (key, f"https://{key}", f"http://{key}", f"https://{key}/v1/"):
        entry = auths.get(name)
        if not entry:
            continue
        if entry.get("identitytoken"):
            return {"identitytoken": entry["identitytoken"], "serveraddress": key}
        try:
            user, _, password = base64.b64decode(entry.get("auth") or "").decode().partition(":")
        except ValueError:
            raise CliError(f"the credentials for {key} in config.json are not base64 text") from None
        if user:
            return {"username": user, "password": password.rstrip("\0"), "serveraddress": key}
    return {}


def _from_helper(helper: str, key: str) -> "dict[str, str]":
    import subprocess

    from pier.client.json_codec import decode

    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=_HELPER_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CliError(f"error getting credentials: {program} failed: {error}") from None
    if done.returncode != 0:
        if b"not found" in done.stdout.lower() + done.stderr.lower():
            return {}
        text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        raise CliError(f"error getting credentials - err: exit status {done.returncode}, out: `{text}`")
    answer = decode(done.stdout)
    user, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
    if user == _TOKEN_USER:
        return {"identitytoken": secret, "serveraddress": key}
    return {"username": user, "password": secret, "serveraddress": key}
