"""`pier login` and `pier logout`."""

import sys

from pier.cli.credential_store import forget, keep
from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.image.credentials import HUB_KEY, find_credentials, registry_key
from pier.cli.terminal import STDIN, is_terminal
from pier.client.errors import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_UNENCRYPTED = """
WARNING! Your credentials are stored unencrypted in '{path}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

"""
_OTHER_ACCOUNT = "\n Info -> To login with a different account, run 'pier logout' followed by 'pier login'\n\n\n"
_ON_THE_COMMAND_LINE = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n"


def login(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Try credentials on a registry, and keep them when it takes them."""
    key = registry_key(arguments[0] if arguments else "")
    user, password = values.text("username"), _given_password(session, values)
    if not user and not password and _with_known(session, key):
        return 0
    user = user or _prompt("Username: ")
    if not user:
        raise CliError("username is required")
    password = password or _prompt_password()
    if not password:
        raise CliError("password is required")
    answer = _try(session, {"username": user, "password": password, "serveraddress": key})
    if keep(session, key, user, password, answer.get("IdentityToken") or ""):
        session.err(_UNENCRYPTED.format(path=session.config_path))
    session.out(f"{answer.get('Status') or 'Login Succeeded'}\n")
    return 0


def _given_password(session: "Session", values: Values) -> str:
    password = values.text("password")
    if not values.flag("password-stdin"):
        if password:
            session.err(_ON_THE_COMMAND_LINE)
        return password
    if password:
        raise CliError("conflicting options: cannot specify both --password and --password-stdin")
    if not values.text("username"):
        raise CliError("the --password-stdin option requires --username to be set")
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


def _with_known(session: "Session", key: str) -> bool:
    """Whether what is kept already is taken still; a person is asked when not."""
    known = find_credentials(session, key)
    if not known:
        return False
    who = f" [Username: {known['username']}]" if known.get("username") else ""
    session.err(f"Authenticating with existing credentials...{who}\n{_OTHER_ACCOUNT}")
    try:
        answer = _try(session, known)
    except ApiError as error:
        if not is_terminal(STDIN):
            raise
        session.err(f"Login did not succeed, error: {error}\n")
        return False
    session.out(f"{answer.get('Status') or 'Login Succeeded'}\n")
    return True


def _try(session: "Session", credentials: "dict[str, str]") -> "dict[str, str]":
    answer: dict[str, str] = session.client.post("/auth", body=credentials) or {}
    return answer


def _prompt(text: str) -> str:
    _require_terminal()
    sys.stdout.write(text)
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def _prompt_password() -> str:
    _require_terminal()
    import getpass

    return getpass.getpass("Password: ")


def _require_terminal() -> None:
    if not is_terminal(STDIN):
        raise CliError("Error: Cannot perform an interactive login from a non TTY device")


def logout(session: "Session", _: Values, arguments: "list[str]") -> int:
    """Forget the credentials for a registry."""
    key = registry_key(arguments[0] if arguments else "")
    shown = "https://index.docker.io/v1/" if key == HUB_KEY else key
    session.out(f"Removing login credentials for {shown}\n")
    forget(session, key)
    return 0


LOGIN = Command(
    "login",
    "[OPTIONS] [SERVER]",
    "Log in to a registry",
    (
        Flag("password", "p", STRING, "Password, or access token"),
        Flag("password-stdin", help="Read the password from stdin"),
        Flag("username", "u", STRING, "User name"),
    ),
    login,
    most=1,
)
LOGOUT = Command(
    "logout",
    "[SERVER]",
    "Log out of a registry",
    (),
    logout,
    most=1,
)
