"""`pier image push`, `pier push`."""

import sys

from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.image.content_trust import CONTENT_TRUST
from pier.cli.image.credentials import registry_headers
from pier.cli.image.pull import progress_view
from pier.cli.image.reference import parse_reference
from pier.cli.inspect import encode_platform
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_ANONYMOUS = ("X-Registry-Auth", "e30=")  # `{}`: engines of old refuse a push without the header


def push(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Send an image, or with --all-tags every tag of a repository."""
    reference = parse_reference(arguments[0])
    every, quiet = values.flag("all-tags"), values.flag("quiet")
    if every and (reference.tag or reference.digest):
        raise CliError("tag can't be used with --all-tags/-a")
    if reference.digest:
        raise CliError("cannot push a digest reference")
    if not every and not reference.tag and not quiet:
        session.out("Using default tag: latest\n")
        sys.stdout.flush()
    query = {"tag": "" if every else reference.selector, "platform": encode_platform(values.text("platform"))}
    headers = registry_headers(session, reference.domain) or [_ANONYMOUS]
    lines = session.client.stream("POST", f"/images/{quote_path(reference.repository)}/push", query, headers)
    progress_view(session, quiet, False).show_all(lines)
    if quiet:
        session.out((reference.repository if every else reference.full) + "\n")
    return 0


PUSH = Command(
    "image push",
    "[OPTIONS] NAME[:TAG]",
    "Send an image to a registry",
    (
        Flag("all-tags", "a", help="Send all tags of the repository"),
        CONTENT_TRUST,
        Flag("platform", "", STRING, "Send only this platform (os/arch[/variant])"),
        Flag("quiet", "q", help="Show no progress"),
    ),
    push,
    least=1,
    most=1,
    completer="images",
)
