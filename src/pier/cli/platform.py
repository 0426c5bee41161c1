"""Platforms as flags name them: os/arch or os/arch/variant."""

from pier.cli.errors import CliError


def check_platform(text: str) -> "list[str]":
    """The two or three parts of `linux/arm64/v8`. Raises CliError."""
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise CliError(f'error parsing specified platform: "{text}": it is os/arch or os/arch/variant')
    return parts
