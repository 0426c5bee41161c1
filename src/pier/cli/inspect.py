"""`pier inspect` and the inspect of each noun: the API's JSON, or a Go template over it."""

from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.platform import check_platform
from pier.client.errors import ApiError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query

    Fetch = Callable[[str], Any]

_PATHS = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
}


def _fetch(session: "Session", kind: str, query: "Query | None" = None) -> "Fetch":
    return lambda name: session.client.get(_PATHS[kind].format(quote_path(name)), query)


def show(session: "Session", names: list[str], template: str, fetch: "Fetch", *, escape: bool = False) -> int:
    """Print the details of every name; those that are not there are reported after the others, with exit code 1.

    With `escape` <, > and & are escapes in JSON, as docker has them where it makes the JSON itself.
    """
    if template not in ("", "json"):
        from pier.cli.render.template import compile_template

        compile_template(template)  # a wrong one is refused before anything is asked
    found: list[Any] = []
    failures: list[str] = []
    for name in names:
        try:
            found.append(fetch(name))
        except ApiError as error:
            failures.append(f"Error response from daemon: {error}")
        except CliError as error:
            failures.append(str(error))
    try:
        session.out(_render(found, template, escape=escape))
    except CliError:
        session.out("\n")
        raise
    for failure in failures:
        session.err(failure + "\n")
    return 1 if failures else 0


def _render(found: "list[Any]", template: str, *, escape: bool) -> str:
    if template in ("", "json"):
        from pier.cli.render.json_text import go_json, indented_json

        return (indented_json(found, escape=escape) if not template else go_json(found, escape=escape)) + "\n"
    from pier.cli.go_types import API_TYPES
    from pier.cli.render.template import TemplateFailure, compile_template

    compiled = compile_template(template)
    try:
        return "".join(compiled.render(details, API_TYPES) + "\n" for details in found) or "\n"
    except TemplateFailure as error:
        raise TemplateFailure(f"template parsing error: {error}") from None


def inspect_any(session: "Session", values: Values, names: list[str]) -> int:
    """Look for each name among containers, images, networks and volumes, or in the one kind that --type names."""
    kind = values.text("type")
    if kind and kind not in _PATHS:
        raise CliError(f'unknown type: "{kind}": must be one of {", ".join(_PATHS)}')
    if values.flag("size") and kind not in ("", "container"):
        session.err(f"WARNING: --size ignored for {kind}\n")

    def fetch(name: str) -> "Any":
        for candidate in (kind,) if kind else _PATHS:
            query: Query | None = {"size": values.flag("size")} if candidate == "container" else None
            try:
                return _fetch(session, candidate, query)(name)
            except ApiError as error:
                if error.status != 404 or kind:
                    raise
        raise CliError(f"Error: No such object: {name}")

    return show(session, names, values.text("format"), fetch)


def inspect_containers(session: "Session", values: Values, names: list[str]) -> int:
    """All details of containers."""
    return show(session, names, values.text("format"), _fetch(session, "container", {"size": values.flag("size")}))


def inspect_images(session: "Session", values: Values, names: list[str]) -> int:
    """All details of images."""
    query: Query = {"platform": encode_platform(values.text("platform"))}
    return show(session, names, values.text("format"), _fetch(session, "image", query))


def inspect_networks(session: "Session", values: Values, names: list[str]) -> int:
    """All details of networks."""
    query: Query = {"verbose": "true" if values.flag("verbose") else ""}
    return show(session, names, values.text("format"), _fetch(session, "network", query))


def inspect_volumes(session: "Session", values: Values, names: list[str]) -> int:
    """All details of volumes."""
    return show(session, names, values.text("format"), _fetch(session, "volume"))


def encode_platform(text: str) -> str:
    """`linux/arm64/v8` as the JSON that image endpoints take; "" stays "". Raises CliError."""
    if not text:
        return ""
    from pier.client.json_codec import encode

    try:
        parts = check_platform(text)
    except CliError as error:
        raise CliError(f"invalid platform: {str(error).partition(': ')[2]}") from None
    platform = {"architecture": parts[1], "os": parts[0]}
    if len(parts) == 3:
        platform["variant"] = parts[2]
    return encode(platform)


FORMAT = Flag("format", "f", STRING, "Show as json, or by a Go template")
SIZE = Flag("size", "s", help="Show sizes of the file systems of containers")
INSPECT = Command(
    "inspect",
    "[OPTIONS] NAME|ID [NAME|ID...]",
    "Show all details of containers, images, networks or volumes",
    (FORMAT, SIZE, Flag("type", "", STRING, "Look for this kind only: container, image, network or volume")),
    inspect_any,
    least=1,
    completer="objects",
)
CONTAINER_INSPECT = Command(
    "container inspect",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Show all details of containers",
    (FORMAT, SIZE),
    inspect_containers,
    least=1,
    completer="containers",
)
IMAGE_INSPECT = Command(
    "image inspect",
    "[OPTIONS] IMAGE [IMAGE...]",
    "Show all details of images",
    (FORMAT, Flag("platform", "", STRING, "Show the image for this platform (os/arch[/variant])")),
    inspect_images,
    least=1,
    completer="images",
)
NETWORK_INSPECT = Command(
    "network inspect",
    "[OPTIONS] NETWORK [NETWORK...]",
    "Show all details of networks",
    (FORMAT, Flag("verbose", "v", help="Show more for diagnosis")),
    inspect_networks,
    least=1,
    completer="networks",
)
VOLUME_INSPECT = Command(
    "volume inspect",
    "[OPTIONS] VOLUME [VOLUME...]",
    "Show all details of volumes",
    (FORMAT,),
    inspect_volumes,
    least=1,
    completer="volumes",
)
