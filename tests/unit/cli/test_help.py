"""Both readers, our parser and typer's, agree about command lines of the form that both take."""

import shlex
from typing import Any

import pytest

from pier.cli import help as help_pages
from pier.cli.flags import BOOL, REPEATABLE
from pier.cli.parser import Parser
from pier.cli.registry import find_command, load_command

LINES = [
    "run --rm -it --name x -p 80:80 -p 81:81 -e A=1 --label a=b img sh -c 'exit 3'",
    "run -d --network=n --net m --memory 64m --cpus 1.5 img",
    "container run --mount type=bind,src=/a,dst=/b --ulimit nofile=1:2 -v /a:/b img -x --rm",
    "create --entrypoint ls -w /x -u 1 img -l",
    "exec -it -e A=1 box sh -c ls",
    "ps -a --filter label=a --filter status=running --format {{.ID}}",
    "ps -aq -n 3 --no-trunc",
    "container ls -q",
    "logs -f -n 5 --since 1h box",
    "stop -t 3 -s INT a b c",
    "kill --signal HUP a",
    "rm -fv a b",
    "images --digests repo",
    "pull -q --platform linux/arm64 x",
    "save -o f a b",
    "load -i f",
    "rmi -f a b",
    "tag a b",
    "history --no-trunc x",
    "network create -d bridge --subnet 10.0.0.0/8 --label a=b --internal n",
    "network rm a b",
    "volume create -o a=b v",
    "volume rm -f a",
    "inspect -f {{.Id}} --type image a b",
    "container prune -f --filter label=a",
    "events --since 1h --filter type=image",
    "info -f json",
    "version",
    "stats --no-stream a",
    "port a 80",
    "rename a b",
    "attach --no-stdin a",
    "start -ai a",
    "wait a",
]


def by_typer(argv: list[str]) -> dict[str, Any]:
    notes: list[dict[str, Any]] = []
    app = help_pages.build_app(argv, notes.append)
    app(args=argv, prog_name="pier", standalone_mode=False)
    return notes[-1]


@pytest.mark.parametrize("line", LINES)
def test_typer_reads_what_our_parser_reads(line: str) -> None:
    argv = shlex.split(line)
    canonical, _, taken = find_command(argv)
    command = load_command(canonical)
    values, arguments = Parser(command.flags, interspersed=command.interspersed).read(argv[taken:])
    noted = by_typer(argv)
    for flag in command.flags:
        theirs = noted[help_pages.parameter_name(flag.name)]
        if flag.kind == BOOL:
            assert theirs == values.flag(flag.name), flag.name
        elif flag.kind in REPEATABLE:
            assert theirs == values.items(flag.name), flag.name
        else:
            assert bool(theirs) == values.given(flag.name) or theirs == flag.default, flag.name
    theirs = []
    for name in sorted(key for key in noted if key.startswith(help_pages.ARGUMENT)):
        theirs += noted[name] if isinstance(noted[name], list) else [noted[name]] if noted[name] else []
    assert theirs == arguments


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("", ["Manage containers", "not supported", "--host"]),
        ("container", ["ls", "run"]),
        ("ps", ["--no-trunc", "List containers"]),
        ("container run", ["--publish", "[address:]"]),
        ("build", ["not supported"]),
    ],
)
def test_help_pages(
    words: str, shown: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert help_pages.show_help(words) == 0
    text = capsys.readouterr().out
    for word in shown:
        assert word in text
