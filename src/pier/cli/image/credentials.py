"""Credentials for a registry, in the user's config.json or with the helper program that it names."""

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

HUB_KEY = "https://index.docker.io/v1/"
TOKEN_USER = "<token>"
_HELPER_TIMEOUT = 60
_DOING = {"get": "getting", "store": "storing", "erase": "erasing"}


def registry_headers(session: "Session", domain: str) -> "list[tuple[str, str]]":
    """The X-Registry-Auth header for a registry's domain; none when no credentials are known."""
    found = find_credentials(session, registry_key(domain))
    if not found:
        return []
    import base64

    from pier.client.json_codec import encode

    return [("X-Registry-Auth", base64.urlsafe_b64encode(encode(found).encode()).decode())]


def registry_key(server: str) -> str:
    """What credentials for a registry are kept under: Docker Hub's old address, any other's host."""
    host = server.partition("://")[2] if "://" in server else server
    host = host.partition("/")[0]
    return HUB_KEY if host in ("", "docker.io", "index.docker.io", "registry-1.docker.io") else host


def find_credentials(session: "Session", key: str) -> "dict[str, str]":
    """`username` and `password`, or `identitytoken`, with `serveraddress`; empty when none are known."""
    config = session.config
    helper = helper_of(config, key)
    return _from_helper(helper, key) if helper else _from_file(config.get("auths") or {}, key)


def helper_of(config: "dict[str, Any]", key: str) -> str:
    """The helper program (without `docker-credential-`) that keeps this registry's credentials; "" for the file."""
    return str((config.get("credHelpers") or {}).get(key) or config.get("credsStore") or "")


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
    from pier.client.json_codec import decode

    code, text = ask_helper(helper, "get", key)
    if code != 0:
        if "not found" in text.lower():
            return {}
        raise CliError(f"error getting credentials - err: exit status {code}, out: `{text.strip()}`")
    answer = decode(text)
    user, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
    if user == TOKEN_USER:
        return {"identitytoken": secret, "serveraddress": key}
    return {"username": user, "password": secret, "serveraddress": key}


def ask_helper(helper: str, verb: str, given: str) -> tuple[int, str]:
    """Run a credential helper (docker-credential-helpers' protocol); its exit code, and what it said.

    Raises CliError when it cannot be run.
    """
    import subprocess

    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, verb], input=given.encode(), capture_output=True, timeout=_HELPER_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CliError(f"error {_DOING[verb]} credentials: {program} failed: {error}") from None
    said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
    return done.returncode, said.decode("utf-8", "replace")
