"""--disable-content-trust, of every command that docker has it for."""

from pier.cli.flags import Flag
from pier.cli.quantities import read_bool


def check_content_trust(text: str) -> None:
    """Raises ValueError where content trust is asked for: nothing here signs images or checks signatures."""
    if not read_bool(text):
        raise ValueError("content trust is not supported")


CONTENT_TRUST = Flag(
    "disable-content-trust",
    help="Accepted for old scripts; images are not signed",
    default=True,
    check=check_content_trust,
)
