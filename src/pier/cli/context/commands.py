"""`pier context create`, `update`, `rm` and `use`."""

from pier.cli.context_choice import DEFAULT, host_variable
from pier.cli.context_store import ENDPOINT, TLS_NAMES, check_name, endpoint_of
from pier.cli.csv_fields import split_fields
from pier.cli.errors import CliError
from pier.cli.flags import CSV, STRING, Command, Flag, Values
from pier.cli.quantities import read_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

OVERRIDES = (
    "Warning: {name} environment variable overrides the active context. To use {what}, either set the global --context "
    "flag, or unset {name} environment variable.\n"
)
_KEYS = {"ca": TLS_NAMES[0], "cert": TLS_NAMES[1], "key": TLS_NAMES[2]}
_DESCRIPTION = "Current DOCKER_HOST based configuration"


def check_pair(text: str) -> None:
    """Raise ValueError unless each field is key=value."""
    for field in split_fields(text):
        if "=" not in field:
            raise ValueError(f"{field} must be formatted as key=value")


def default_meta(session: "Session") -> "dict[str, Any]":
    """What the default context would have as its meta.json."""
    endpoint = {"Host": session.default_host, "SkipTLSVerify": False}
    return {"Name": DEFAULT, "Metadata": {}, "Endpoints": {ENDPOINT: endpoint}}


def load(session: "Session", name: str) -> "dict[str, Any]":
    """The meta.json of a context, also of the default. Raises CliError."""
    return default_meta(session) if name == DEFAULT else session.contexts.load(name)


def create(session: "Session", values: Values, names: list[str]) -> int:
    """Remember an engine under a name."""
    name, source = names[0], values.text("from")
    if source or not values.items("docker"):
        if source and values.items("docker"):
            raise CliError("cannot use --docker flag when --from is set")
        _check_new(session, name)
        meta = load(session, source or session.context)
        if meta["Name"] == DEFAULT:
            meta["Metadata"] = {"Description": _DESCRIPTION}
        tls = session.contexts.tls_files(meta["Name"]) if meta["Name"] != DEFAULT else {}
    else:
        _check_new(session, name)
        meta = {"Metadata": {}, "Endpoints": {}}
        meta["Endpoints"][ENDPOINT], tls = _read_endpoint(session, values)
    if values.text("description"):
        meta["Metadata"] = dict(meta.get("Metadata") or {}) | {"Description": values.text("description")}
    session.contexts.save({"Name": name, "Metadata": meta.get("Metadata") or {}, "Endpoints": meta["Endpoints"]})
    session.contexts.save_tls(name, tls)
    session.out(f"{name}\n")
    session.err(f'Successfully created context "{name}"\n')
    return 0


def _check_new(session: "Session", name: str) -> None:
    check_name(name)
    if session.contexts.has(name):
        raise CliError(f'context "{name}" already exists')


def _read_endpoint(session: "Session", values: Values) -> "tuple[dict[str, Any], dict[str, bytes]]":
    """The endpoint and its TLS files that --docker describes. Raises CliError."""
    given = dict(item.partition("=")[::2] for item in values.items("docker"))
    failure = "unable to create docker endpoint config"
    for key in given:
        if key not in (*_KEYS, "host", "from", "skip-tls-verify"):
            raise CliError(f"{failure}: unrecognized config key: {key}")
    if "from" in given:
        try:
            meta = load(session, given["from"])
        except CliError as error:
            raise CliError(f"{failure}: {error}") from None
        return endpoint_of(meta), session.contexts.tls_files(given["from"]) if given["from"] != DEFAULT else {}
    try:
        skips = read_bool(given.get("skip-tls-verify", "false"))
    except ValueError as error:
        raise CliError(f"{failure}: skip-tls-verify: {str(error).partition(': ')[2]}") from None
    files: dict[str, bytes] = {}
    for key, file in _KEYS.items():
        if given.get(key):
            files[file] = _content(given[key], failure)
    if files.get(TLS_NAMES[0], b"-----BEGIN CERTIFICATE-----").find(b"-----BEGIN CERTIFICATE-----") < 0:
        reason = "failed to retrieve context tls info: ca.pem seems invalid"
        raise CliError(f"{failure}: invalid docker endpoint options: {reason}")
    host = {"Host": given["host"]} if given.get("host") else {}
    return {**host, "SkipTLSVerify": skips}, files


def _content(path: str, failure: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CliError(f"{failure}: open {path}: {(error.strerror or '').lower()}") from None


def update(session: "Session", values: Values, names: list[str]) -> int:
    """Change a context's description, or its engine."""
    name = names[0]
    check_name(name)
    meta = session.contexts.load(name)
    tls = None
    if values.text("description"):
        meta["Metadata"] = dict(meta.get("Metadata") or {}) | {"Description": values.text("description")}
    if values.items("docker"):
        endpoint, tls = _read_endpoint(session, values)
        meta["Endpoints"] = dict(meta.get("Endpoints") or {}) | {ENDPOINT: endpoint}
    session.contexts.save(meta)
    if tls is not None:
        session.contexts.save_tls(name, tls)
    session.out(f"{name}\n")
    session.err(f'Successfully updated context "{name}"\n')
    return 0


def remove(session: "Session", values: Values, names: list[str]) -> int:
    """Forget contexts; the one in use with --force alone."""
    failures: list[str] = []
    current = session.context
    for name in names:
        try:
            _remove(session, name, current, force=values.flag("force"))
        except CliError as error:
            failures.append(str(error))
        else:
            session.out(f"{name}\n")
    for failure in failures:
        session.err(f"{failure}\n")
    return 1 if failures else 0


def _remove(session: "Session", name: str, current: str, *, force: bool) -> None:
    if name == DEFAULT:
        raise CliError('context "default" cannot be removed')
    if not session.contexts.has(name) and not force:
        raise CliError(f'context "{name}" does not exist')
    if name == current:
        if not force:
            raise CliError(f'context "{name}" is in use, set -f flag to force remove')
        _write_current(session, "")
    session.contexts.remove(name)


def use(session: "Session", _: Values, names: list[str]) -> int:
    """Make a context the one that commands run in from now on."""
    name = names[0]
    if name != DEFAULT:
        check_name(name)
        session.contexts.load(name)
    _write_current(session, "" if name == DEFAULT else name)
    session.out(f"{name}\n")
    session.err(f'Current context is now "{name}"\n')
    variable = host_variable(session.environ)
    if name != DEFAULT and variable:
        session.err(OVERRIDES.format(name=variable, what=f'"{name}"'))
    return 0


def _write_current(session: "Session", name: str) -> None:
    config = session.read_config_to_change()
    if str(config.get("currentContext") or "") == name:
        return
    config.pop("currentContext", None)
    session.write_config(config | ({"currentContext": name} if name else {}))


DOCKER = Flag("docker", "", CSV, "The engine: host, ca, cert, key, skip-tls-verify, from", check=check_pair)
DESCRIPTION = Flag("description", "", STRING, "Description of the context")
CREATE = Command(
    "context create",
    "[OPTIONS] CONTEXT",
    "Remember an engine under a name",
    (DESCRIPTION, DOCKER, Flag("from", "", STRING, "Context to copy", completer="contexts")),
    create,
    least=1,
    most=1,
)
UPDATE = Command(
    "context update",
    "[OPTIONS] CONTEXT",
    "Change a context",
    (DESCRIPTION, DOCKER),
    update,
    least=1,
    most=1,
    completer="contexts",
)
RM = Command(
    "context rm",
    "CONTEXT [CONTEXT...]",
    "Forget contexts",
    (Flag("force", "f", help="Also the one in use; none that is not there is a failure"),),
    remove,
    least=1,
    completer="contexts",
)
USE = Command("context use", "CONTEXT", "Set the context in use", (), use, least=1, most=1, completer="contexts")
