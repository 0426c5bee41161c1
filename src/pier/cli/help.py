"""Help pages and shell completion: typer commands built from the same tables that the parser reads.

Imported only for --help, for completion and by tests. typer never runs a command of ours: the function behind each
typer command only notes what was read.
"""

import inspect
from collections.abc import Callable
from typing import Any

import typer

from pier.cli.completers import offers
from pier.cli.flags import BOOL, REPEATABLE, Command, Flag
from pier.cli.registry import ALIASES, COMMANDS, GROUPS, SHORTCUTS, is_built, load_command
from pier.cli.startup import GLOBAL_FLAGS

PROGRAM = "pier"
_NOT_BUILT = "(not supported yet)"
_SHOWS_HELP = {"help_option_names": ["--help"]}
ARGUMENT = "argument_"  # what the names of parameters begin with that are not flags; a number follows


def show_help(words: str) -> int:
    """Print the help page of a command or group; "" is the program's. Returns the exit code."""
    parts = words.split()
    app = build_app(parts)
    try:
        app(args=[*parts, "--help"], prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def build_app(words: list[str] | None = None, note: Callable[[dict[str, Any]], None] | None = None) -> typer.Typer:
    """The typer application. With `words` only the command that they name gets its flags; None means every command.

    `note` gets the values, by parameter name, of a command line that typer has read.
    """
    app = typer.Typer(
        help="A container engine over containerd that speaks the Docker Engine API.",
        add_completion=words is None,
        context_settings=_SHOWS_HELP,
        no_args_is_help=True,
    )
    app.callback()(_function(GLOBAL_FLAGS, "", None, None))
    groups = {name: typer.Typer(help=text, no_args_is_help=True) for name, text in GROUPS.items()}
    wanted = " ".join(words[:2]) if words else ""
    for canonical in COMMANDS:
        group, _, verb = canonical.rpartition(" ")
        _add(groups[group] if group else app, verb, canonical, words is None or wanted.startswith(canonical), note)
    for name, canonical in SHORTCUTS.items():
        _add(app, name, canonical, words is None or wanted.split()[:1] == [name], note)
    for name, canonical in ALIASES.items():
        group, _, verb = name.partition(" ")
        _add(groups[group], verb, canonical, words is None or wanted == name, note, hidden=True)
    for name, child in groups.items():
        app.add_typer(child, name=name)
    return app


def _add(
    app: typer.Typer,
    name: str,
    canonical: str,
    detailed: bool,
    note: Callable[[dict[str, Any]], None] | None,
    *,
    hidden: bool = False,
) -> None:
    """Add one command; without its flags when its own page is not what is shown."""
    _, _, summary = COMMANDS[canonical]
    if not is_built(canonical):
        summary = f"{summary} {_NOT_BUILT}"
    settings: dict[str, Any] = dict(_SHOWS_HELP)
    function: Callable[..., None]
    if detailed and is_built(canonical):
        command = load_command(canonical)
        settings["allow_interspersed_args"] = command.interspersed
        function = _function(command.flags, command.usage.replace("[OPTIONS]", "").strip(), command, note)
    else:
        function = _function((), "", None, note)
    app.command(name, help=summary, context_settings=settings, hidden=hidden)(function)


def _function(
    flags: tuple[Flag, ...],
    usage: str,
    command: Command | None,
    note: Callable[[dict[str, Any]], None] | None,
) -> Callable[..., None]:
    """A function whose signature says the flags and arguments to typer."""

    def read(**values: Any) -> None:
        if note is not None:
            note(values)

    parameters = [_option(flag) for flag in flags]
    if usage and command is not None:
        parameters += _arguments(usage, command)
    read.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # how inspect documents it
    read.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return read


def _option(flag: Flag) -> inspect.Parameter:
    names = [f"--{name}" for name in (flag.name, *flag.aliases)] + ([f"-{flag.short}"] if flag.short else [])
    kind: Any = bool if flag.kind == BOOL else list[str] if flag.kind in REPEATABLE else str
    default: Any = bool(flag.default) if flag.kind == BOOL else [] if flag.kind in REPEATABLE else ""
    if flag.kind not in (BOOL, *REPEATABLE) and isinstance(flag.default, str):
        default = flag.default
    option = typer.Option(
        default,
        *names,
        help=flag.help.replace("[", "\\["),  # a bracket is markup to rich
        metavar=None if flag.kind == BOOL else flag.metavar,
        autocompletion=offers(flag.completer) if flag.completer else None,
        show_default=bool(default),
        envvar=flag.env or None,
    )
    return inspect.Parameter(parameter_name(flag.name), inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)


def _arguments(usage: str, command: Command) -> list[inspect.Parameter]:
    """One parameter for each word of the usage: `[X]` may be left out, `X...` may be repeated."""
    parameters: list[inspect.Parameter] = []
    for index, word in enumerate(_usage_words(usage)):
        optional = word.startswith("[")
        repeated = word.rstrip("]").endswith("...")
        argument = typer.Argument(
            ([] if repeated else "") if optional else ...,
            metavar=word[1:-1].removesuffix("...") if optional else word.removesuffix("..."),
            autocompletion=offers(command.completer) if command.completer else None,
            show_default=False,
        )
        kind: Any = list[str] if repeated else str
        name = f"{ARGUMENT}{index}"
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=argument, annotation=kind))
    return parameters


def _usage_words(usage: str) -> list[str]:
    """The words of a usage line, cut at blanks outside of brackets."""
    words, depth = [""], 0
    for letter in usage:
        depth += (letter == "[") - (letter == "]")
        if letter == " " and not depth:
            words.append("")
        else:
            words[-1] += letter
    return [word for word in words if word]


def parameter_name(flag_name: str) -> str:
    """The Python name under which typer hands over a flag."""
    return "flag_" + flag_name.replace("-", "_")
