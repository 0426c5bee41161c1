"""The entry point: reads the global flags, imports the one module of the command, runs it, maps failures to exits."""

import sys

from pier.cli.errors import CliError, UsageError
from pier.cli.registry import COMMANDS, find_command, load_command
from pier.cli.startup import (
    COMPLETION_VARIABLE,
    GLOBAL_FLAGS,
    LOG_LEVELS,
    TLS_FLAGS,
    enable_site_packages,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from pier.cli.flags import Values
    from pier.cli.session import Session

INTERRUPTED = 130


def main() -> "NoReturn":
    """Run the command line of this process and exit."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    sys.exit(code)


def run(argv: "list[str]") -> int:
    """Run one command line; returns the exit code."""
    import os

    if COMPLETION_VARIABLE in os.environ:
        from pier.cli.completion import answer_completion

        enable_site_packages()
        return answer_completion()
    words = "pier"
    debug = False
    try:
        session, rest = _open_session(argv)
        debug = session.debug
        if not rest:
            return _show_help("")
        canonical, typed, taken = find_command(rest)
        words = f"pier {typed}".rstrip()
        if not canonical:
            return _no_command(typed, rest)
        if not COMMANDS[canonical][0]:
            raise CliError(f"pier: '{typed}' is not supported yet")
        return _run_command(session, canonical, typed, rest[taken:])
    except UsageError as error:
        usage = "" if words.strip() != "pier" else "Usage:  pier [OPTIONS] COMMAND [ARG...]\n\n"
        sys.stderr.write(f"{error}\n\n{usage}Run '{words} --help' for more information\n")
        return error.code
    except CliError as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error}\n" if str(error) else "")
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return 1
    except Exception as error:
        return _report(error, debug=debug)


def _open_session(argv: "list[str]") -> "tuple[Session, list[str]]":
    """Read the flags before the command."""
    from pier.cli.session import Session

    if not argv or not argv[0].startswith("-"):
        return Session(), argv
    from pier.cli.parser import HelpRequested, Parser

    try:
        values, rest = Parser(GLOBAL_FLAGS, interspersed=False).read(argv)
    except HelpRequested:
        raise CliError("", _show_help("")) from None
    if values.flag("version"):
        from pier import __version__

        sys.stdout.write(f"Pier version {__version__}\n")
        raise CliError("", 0)
    session = Session(_single_host(values), config_dir=values.text("config"), debug=values.flag("debug"))
    session.context_flag = values.text("context")
    session.tls_flags = {name: values.as_dict()[name] for name in TLS_FLAGS if values.given(name)}
    return session, rest


def _single_host(values: "Values") -> str:
    hosts = values.items("host")
    if len(hosts) > 1:
        raise UsageError("specify only one -H")
    if values.text("log-level").lower() not in LOG_LEVELS:
        raise CliError(f"Unable to parse logging level: {values.text('log-level')}")
    return hosts[0] if hosts else ""


def _run_command(session: "Session", canonical: str, typed: str, argv: "list[str]") -> int:
    from pier.cli.parser import HelpRequested, check_arguments, read_command

    session.invoked = f"pier {typed}"
    command = load_command(canonical)
    try:
        values, arguments = read_command(command, argv)
        check_arguments(command, session.invoked, len(arguments))
    except HelpRequested:
        return _show_help(typed)
    except UsageError as error:
        message = f"pier: {error}" if error.code == 1 else str(error)
        usage = f"{session.invoked} {command.usage}".rstrip()
        pointer = f"{error.pointer} '{session.invoked} --help' for more information"
        sys.stderr.write(f"{message}\n\nUsage:  {usage}\n\n{pointer}\n")
        return error.code
    return command.handler(session, values, arguments)


def _no_command(group: str, words: "list[str]") -> int:
    if group:
        if len(words) == 1 or words[1] in ("--help", "-h"):
            return _show_help(group)
        wrong = next((word for word in words[1:] if not word.startswith("-")), words[1])
        sys.stderr.write(f"pier: unknown command: pier {group} {wrong}\n\nUsage:  pier {group}\n\n")
        sys.stderr.write(f"Run 'pier {group} --help' for more information\n")
        return 1
    if words[0] == "help":
        return _show_help(" ".join(words[1:]))
    sys.stderr.write(f"pier: unknown command: pier {words[0]}\n\nRun 'pier --help' for more information\n")
    return 1


def _show_help(words: str) -> int:
    enable_site_packages()
    from pier.cli.help import show_help

    return show_help(words)


def _report(error: Exception, *, debug: bool) -> int:
    """A failure that no command handled: the engine's refusal, a lost connection, or a fault of ours."""
    from pier.client.errors import ApiError, ClientError

    sys.stdout.flush()
    if isinstance(error, ApiError):
        sys.stderr.write(f"Error response from daemon: {error}\n")
        return 1
    if isinstance(error, ClientError):
        sys.stderr.write(f"{error}\n")
        return 1
    if debug:
        import traceback

        traceback.print_exception(error)
    else:
        sys.stderr.write(f"pier: {type(error).__name__}: {error} (run with -D for the traceback)\n")
    return 1


def _discard_stdout() -> None:
    """Nobody reads stdout any more: let the interpreter's last flush go nowhere instead of failing."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
