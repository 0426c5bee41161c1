"""Keeping credentials: in config.json, or with the helper that it names. The engine never stores any."""

from pier.cli.errors import CliError
from pier.cli.image.credentials import TOKEN_USER, ask_helper, helper_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def keep(session: "Session", key: str, user: str, password: str, token: str) -> bool:
    """Store what a login gave; a token replaces the password. Whether it lies in the file, for all to read.

    Raises CliError when it cannot be stored.
    """
    config = session.read_config_to_change()
    auths = dict(config.get("auths") or {})
    helper = helper_of(config, key)
    if helper:
        from pier.client.json_codec import encode

        secret = {"ServerURL": key, "Username": TOKEN_USER if token else user, "Secret": token or password}
        _checked(helper, "store", encode(secret))
        auths[key] = {}
    else:
        auths[key] = {"auth": _encoded(user, "" if token else password), **({"identitytoken": token} if token else {})}
    session.write_config(config | {"auths": auths})
    return not helper


def forget(session: "Session", key: str) -> bool:
    """Remove a registry's credentials; False when there were none. Raises CliError."""
    config = session.read_config_to_change()
    auths = dict(config.get("auths") or {})
    names = [name for name in (key, f"https://{key}", f"http://{key}", f"https://{key}/v1/") if name in auths]
    helper = helper_of(config, key)
    if helper:
        _checked(helper, "erase", key)
    for name in names:
        del auths[name]
    if names:
        session.write_config(config | {"auths": auths})
    return bool(names or helper)


def _checked(helper: str, verb: str, given: str) -> None:
    code, text = ask_helper(helper, verb, given)
    if code != 0 and "not found" not in text.lower():
        doing = "saving" if verb == "store" else "erasing"
        raise CliError(f"error {doing} credentials: error {doing} credentials - err: exit status {code}, out: `{text}`")


def _encoded(user: str, password: str) -> str:
    import base64

    return base64.b64encode(f"{user}:{password}".encode()).decode()
