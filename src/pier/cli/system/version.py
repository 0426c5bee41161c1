"""`pier version`."""

import os
import sys

from pier import __version__
from pier.cli.flags import STRING, Command, Flag, Values
from pier.client.client import API_VERSION
from pier.client.errors import ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_WIDTH = 19


def client_facts(api_version: str) -> "dict[str, Any]":
    """Facts about this client, under the keys that docker's templates use."""
    machine = os.uname().machine
    return {
        "Version": __version__,
        "ApiVersion": api_version,
        "DefaultAPIVersion": API_VERSION,
        "GitCommit": "",
        "GoVersion": "",
        "PythonVersion": sys.version.split()[0],
        "Os": sys.platform,
        "Arch": _GO_ARCHITECTURES.get(machine, machine),
        "BuildTime": "",
        "Context": "default",
    }


def version(session: "Session", values: Values, _: list[str]) -> int:
    """Print the versions of client and engine; without an engine those of the client, and exit code 1."""
    failure: ClientError | None = None
    server: dict[str, Any] | None = None
    try:
        server = session.client.get("/version")
        api_version = session.client.version
    except ClientError as error:
        failure, api_version = error, API_VERSION
    facts = {"Client": client_facts(api_version), "Server": server}
    session.out(_render(facts, values.text("format")))
    if failure is not None:
        session.err(f"{failure}\n")
        return 1
    return 0


def _render(facts: "dict[str, Any]", template: str) -> str:
    if template == "json":
        from pier.cli.render.json_text import go_json

        return go_json(facts) + "\n"
    if template:
        from pier.cli.go_types import API_TYPES
        from pier.cli.render.listing import unescape
        from pier.cli.render.template import compile_template

        return compile_template(unescape(template)).render(facts, API_TYPES) + "\n"
    return version_text(facts)


def version_text(facts: "dict[str, Any]") -> str:
    """The text for people: the client, then the engine and its components."""
    client, server = facts["Client"], facts["Server"]
    lines = ["Client: Pier"]
    api = client["ApiVersion"]
    if api != client["DefaultAPIVersion"]:
        api += f" (downgraded from {client['DefaultAPIVersion']})"
    lines += _facts(
        1,
        ("Version", client["Version"]),
        ("API version", api),
        ("Python version", client["PythonVersion"]),
        ("OS/Arch", f"{client['Os']}/{client['Arch']}"),
        ("Context", client["Context"]),
    )
    if server is None:
        return "\n".join(lines) + "\n"
    platform = (server.get("Platform") or {}).get("Name") or ""
    lines += ["", f"Server: {platform}".rstrip()]
    for component in server.get("Components") or [{"Name": "Engine", "Version": server["Version"], "Details": server}]:
        lines.append(f" {component['Name']}:")
        lines += _facts(2, ("Version", component.get("Version") or ""), *_details(component.get("Details") or {}))
    return "\n".join(lines) + "\n"


def _details(details: "dict[str, Any]") -> "list[tuple[str, str]]":
    facts: list[tuple[str, str]] = []
    if details.get("ApiVersion"):
        facts.append(("API version", f"{details['ApiVersion']} (minimum version {details.get('MinAPIVersion', '')})"))
    for key, name in (
        ("GoVersion", "Go version"),
        ("PythonVersion", "Python version"),
        ("GitCommit", "GitCommit"),
        ("BuildTime", "Built"),
    ):
        if key in details and (details[key] or key == "GitCommit"):
            facts.append((name, str(details[key])))
    if details.get("Os"):
        facts.append(("OS/Arch", f"{details['Os']}/{details.get('Arch', '')}"))
    if "Experimental" in details:
        facts.append(("Experimental", str(details["Experimental"]).lower()))
    return facts


def _facts(indent: int, *facts: tuple[str, str]) -> list[str]:
    return [f"{' ' * indent}{name + ':':<{_WIDTH - indent + 1}}{value}" for name, value in facts]


VERSION = Command(
    "version",
    "[OPTIONS]",
    "Show the versions of client and engine",
    (Flag("format", "f", STRING, "Show as json, or by a Go template"),),
    version,
    most=0,
)
