"""`pier context ls`, `show` and `inspect`."""

from pier.cli.container.listing import ellipsis
from pier.cli.context.commands import OVERRIDES, default_meta, load
from pier.cli.context_choice import DEFAULT, host_variable
from pier.cli.context_store import ENDPOINT
from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.inspect import FORMAT, show
from pier.cli.render.listing import Listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_ERROR_WIDTH = 45
_TABLE = "table {{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}"
_IN_MEMORY = "<IN MEMORY>"
_FIELDS = {
    "Name": ("NAME", lambda row: row["Name"]),
    "Description": ("DESCRIPTION", lambda row: row["Description"]),
    "DockerEndpoint": ("DOCKER ENDPOINT", lambda row: row["DockerEndpoint"]),
    "Current": ("", lambda row: row["Current"]),
    "Error": ("ERROR", lambda row: ellipsis(row["Error"], _ERROR_WIDTH)),
}


def list_contexts(session: "Session", values: Values, _: list[str]) -> int:
    """Print the contexts by name, the one in use marked."""
    current = session.context
    rows = [_row(default_meta(session), current)]
    rows += [_row(session.contexts.load(name), current) for name in session.contexts.names()]
    if current not in [row["Name"] for row in rows]:
        rows.append(_missing(session, current))
    rows.sort(key=lambda row: _natural(row["Name"]))
    template, quiet = values.text("format"), values.flag("quiet")
    shown = _TABLE if template in ("", "table") and not quiet else template
    session.out(Listing("Context", _FIELDS, ()).render(rows, shown, quiet_field="Name" if quiet else ""))
    variable = host_variable(session.environ)
    if variable and not quiet and not template:
        session.err(OVERRIDES.format(name=variable, what="a context"))
    return 0


def _row(meta: "dict[str, Any]", current: str) -> "dict[str, Any]":
    description = str((meta.get("Metadata") or {}).get("Description") or "")
    if meta["Name"] == DEFAULT:
        description = "Current DOCKER_HOST based configuration"
    endpoint = (meta.get("Endpoints") or {}).get(ENDPOINT) or {}
    return {
        "Name": meta["Name"],
        "Description": description,
        "DockerEndpoint": str(endpoint.get("Host") or ""),
        "Current": meta["Name"] == current,
        "Error": "",
    }


def _missing(session: "Session", name: str) -> "dict[str, Any]":
    """The row of a context in use that is not there."""
    try:
        session.contexts.load(name)
    except CliError as error:
        return {"Name": name, "Description": "", "DockerEndpoint": "", "Current": True, "Error": str(error)}
    return _row(session.contexts.load(name), name)


def _natural(name: str) -> "list[tuple[int, str]]":
    """A key that sorts `a2` before `a10`."""
    parts: list[tuple[int, str]] = []
    digits = text = ""
    for letter in name:
        if letter.isdecimal():
            if text:
                parts.append((-1, text))
                text = ""
            digits += letter
        else:
            if digits:
                parts.append((int(digits), ""))
                digits = ""
            text += letter
    if digits:
        parts.append((int(digits), ""))
    return [*parts, (-1, text)] if text else parts


def show_context(session: "Session", _: Values, __: list[str]) -> int:
    """Print the name of the context in use, whether there is such a one or not."""
    session.out(f"{session.context}\n")
    return 0


def inspect_contexts(session: "Session", values: Values, names: list[str]) -> int:
    """All that is kept of contexts; of the one in use without a name."""

    def fetch(name: str) -> "dict[str, Any]":
        meta, contexts = load(session, name), session.contexts
        kept = name != DEFAULT
        files = sorted(contexts.tls_files(name)) if kept else []
        return {
            "Name": meta["Name"],
            "Metadata": meta.get("Metadata") or {},
            "Endpoints": meta.get("Endpoints") or {},
            "TLSMaterial": {ENDPOINT: files} if files else {},
            "Storage": {
                "MetadataPath": contexts.meta_path(name) if kept else _IN_MEMORY,
                "TLSPath": contexts.tls_path(name) if kept else _IN_MEMORY,
            },
        }

    return show(session, names or [session.context], values.text("format"), fetch, escape=True)


LS = Command(
    "context ls",
    "[OPTIONS]",
    "List contexts",
    (
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("quiet", "q", help="Show names only"),
    ),
    list_contexts,
    most=0,
)
SHOW = Command("context show", "", "Print the name of the context in use", (), show_context, most=0)
INSPECT = Command(
    "context inspect",
    "[OPTIONS] [CONTEXT] [CONTEXT...]",
    "Show all that is kept of contexts",
    (FORMAT,),
    inspect_contexts,
    completer="contexts",
)
