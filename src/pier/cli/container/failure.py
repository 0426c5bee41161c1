"""How run, create and exec end when they cannot do what was asked: docker's texts and exit codes 125, 126, 127."""

from pier.cli.errors import CliError

REFUSED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127


def exit_code(message: str) -> int:
    """126 or 127 when the text says that the command cannot be executed or does not exist, else 125."""
    text = message.lower()
    if (
        "executable file not found" in text
        or "no such file or directory" in text
        or "system cannot find the file" in text
    ):
        return NOT_FOUND
    if "permission denied" in text or "is a directory" in text:
        return NOT_EXECUTABLE
    return REFUSED


def refused(invoked: str, message: str, code: int = REFUSED) -> CliError:
    """The failure of a run: the message, a pointer to --help, and the code."""
    return CliError(f"pier: {message}\n\nRun '{invoked} --help' for more information", code)
