"""Keeping credentials: in config.json, or with the helper that it names. The engine never stores any."""

import os

from pier.cli.errors import CliError
from pier.cli.image.credentials import TOKEN_USER, ask_helper, helper_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def keep(session: "Session", key: str, user: str, password: str, token: str) -> bool:
    """Store what a login gave; a token replaces the password. Whether it lies in the file, for all to read.

    Raises CliError when it cannot be stored.
    """
    config = dict(session.config)
    auths = dict(config.get("auths") or {})
    helper = helper_of(config, key)
    if helper:
        from pier.client.json_codec import encode

        secret = {"ServerURL": key, "Username": TOKEN_USER if token else user, "Secret": token or password}
        _checked(helper, "store", encode(secret))
        auths[key] = {}
    else:
        auths[key] = {"auth": _encoded(user, "" if token else password), **({"identitytoken": token} if token else {})}
    _write(session, config | {"auths": auths})
    return not helper


def forget(session: "Session", key: str) -> bool:
    """Remove a registry's credentials; False when there were none. Raises CliError."""
    config = dict(session.config)
    auths = dict(config.get("auths") or {})
    names = [name for name in (key, f"https://{key}", f"http://{key}", f"https://{key}/v1/") if name in auths]
    helper = helper_of(config, key)
    if helper:
        _checked(helper, "erase", key)
    for name in names:
        del auths[name]
    if names:
        _write(session, config | {"auths": auths})
    return bool(names or helper)


def _checked(helper: str, verb: str, given: str) -> None:
    code, text = ask_helper(helper, verb, given)
    if code != 0 and "not found" not in text.lower():
        doing = "saving" if verb == "store" else "erasing"
        raise CliError(f"error {doing} credentials: error {doing} credentials - err: exit status {code}, out: `{text}`")


def _encoded(user: str, password: str) -> str:
    import base64

    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _write(session: "Session", config: "dict[str, Any]") -> None:
    """Beside the file, then in its place; readable by its owner only. A link keeps pointing to it."""
    import json

    if not session.config_path:
        raise CliError("cannot keep the credentials: there is no HOME; set HOME or DOCKER_CONFIG")
    path = os.path.realpath(session.config_path)
    partial = f"{path}.{os.getpid()}.partial"
    text = json.dumps(config, indent="\t", ensure_ascii=False)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise CliError(f"cannot keep the credentials in {path}: {error.strerror}") from None
    session.forget_config()
