"""`pier completion`: the script a shell loads, and the answers to its questions."""

from pier.cli.errors import CliError
from pier.cli.flags import Command, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_SHELLS = ("bash", "zsh", "fish", "powershell")


def completion(session: "Session", _: Values, arguments: list[str]) -> int:
    """Print the completion script of a shell."""
    shell = arguments[0]
    if shell not in _SHELLS:
        raise CliError(f"pier: there is no completion for {shell!r}: choose one of {', '.join(_SHELLS)}")
    from pier.cli.startup import COMPLETION_VARIABLE, enable_site_packages

    enable_site_packages()
    from typer._completion_shared import get_completion_script

    session.out(get_completion_script(prog_name="pier", complete_var=COMPLETION_VARIABLE, shell=shell) + "\n")
    return 0


def answer_completion() -> int:
    """Answer the shell's question, which is in the environment in the form typer knows. Returns the exit code."""
    from pier.cli.help import PROGRAM, build_app

    try:
        build_app()(args=[], prog_name=PROGRAM)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


COMPLETION = Command(
    "completion",
    "SHELL",
    "Print the completion script of a shell",
    (),
    completion,
    least=1,
    most=1,
)
