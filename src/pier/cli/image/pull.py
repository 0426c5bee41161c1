"""`pier image pull`, `pier pull`, and the pull that run and create begin with."""

import os
import sys

from pier.cli.errors import CliError
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.image.content_trust import CONTENT_TRUST
from pier.cli.image.credentials import registry_headers
from pier.cli.image.reference import Reference, parse_reference
from pier.cli.render.progress import ProgressView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pier.cli.session import Session


def pull_image(session: "Session", name: str, platform: str = "", *, quiet: bool, to_stderr: bool) -> Reference:
    """Pull one image, showing progress on stderr or stdout unless quiet. Raises ApiError, CliError."""
    reference = parse_reference(name)
    _pull(session, reference, platform, tag=reference.selector, view=progress_view(session, quiet, to_stderr))
    return reference


def progress_view(session: "Session", quiet: bool, to_stderr: bool) -> ProgressView:
    """A view on stderr or stdout; redrawn when that is a terminal, silent when quiet."""
    if quiet:
        return ProgressView(lambda _: None)
    stream = sys.stderr if to_stderr else sys.stdout
    write: Callable[[str], object] = session.err if to_stderr else _flushed
    try:
        width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        width = 0
    return ProgressView(write, width)


def _flushed(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _pull(session: "Session", reference: Reference, platform: str, *, tag: str, view: ProgressView) -> None:
    query = {"fromImage": reference.repository, "tag": tag, "platform": platform}
    headers = registry_headers(session, reference.domain)
    view.show_all(session.client.stream("POST", "/images/create", query, headers))


def pull(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Fetch an image and print its full name."""
    reference = parse_reference(arguments[0])
    every, quiet = values.flag("all-tags"), values.flag("quiet")
    if every and (reference.tag or reference.digest):
        raise CliError("tag can't be used with --all-tags/-a")
    if not every and not reference.tag and not reference.digest and not quiet:
        session.out("Using default tag: latest\n")
        sys.stdout.flush()
    tag = "" if every else reference.selector
    view = progress_view(session, quiet, False)
    _pull(session, reference, values.text("platform"), tag=tag, view=view)
    session.out((reference.repository if every else reference.full) + "\n")
    return 0


PULL = Command(
    "image pull",
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    "Fetch an image from a registry",
    (
        Flag("all-tags", "a", help="Fetch all tagged images of the repository"),
        CONTENT_TRUST,
        Flag("platform", "", STRING, "Platform of the image (os/arch[/variant])"),
        Flag("quiet", "q", help="Show no progress"),
    ),
    pull,
    least=1,
    most=1,
)
