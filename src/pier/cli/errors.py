"""How a command ends other than well.

CliError      a failure with a text for stderr and an exit code
UsageError    a command line that cannot be read: the text, the usage line, and a pointer to --help
"""


class CliError(Exception):
    """Ends the command: `str(error)` goes to stderr (nothing if empty), `code` is the exit status."""

    def __init__(self, message: str = "", code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class UsageError(Exception):
    """The command line is wrong. `code` is 125 for flags (as docker has it) and 1 for arguments.

    `pointer` is the verb that points to --help: docker says Run, but See to a command with too few arguments.
    """

    def __init__(self, message: str, code: int = 125, *, pointer: str = "Run") -> None:
        super().__init__(message)
        self.code = code
        self.pointer = pointer
