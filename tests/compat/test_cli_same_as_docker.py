"""`pier` and the stock docker CLI do the same with the same command line: requests, exit code, both outputs.

What docker 28.2 did is recorded in tests/same_cli/recorded, so that Pier is tested where no such docker is, too.
"""

import itertools
import sys
import sysconfig
from functools import cache
from typing import Any

import pytest
import same_cli  # noqa: F401  # registers the lines
from golden.compare import Found
from same_cli.compare import told_apart
from same_cli.differences import DIFFERENCES
from same_cli.line import LINES
from same_cli.recording import load, observe_all, recorded_docker
from support.facilities import ROOT

from pier.cli.errors import UsageError
from pier.cli.parser import HelpRequested, Parser, read_command
from pier.cli.registry import COMMANDS, find_command, is_built, load_command
from pier.cli.startup import GLOBAL_FLAGS

pytestmark = [pytest.mark.compat, pytest.mark.timeout(300)]  # a group has up to 250 lines

# What .venv/bin/pier does, with this checkout's sources wherever that stub was written.
_STUB = """import sys
sys.path[:0] = [{src!r}]
sys.path.append({site!r})
from pier.cli.main import main
sys.exit(main())
"""
OWN_COMMANDS = {
    *("volume clone", "volume export", "volume import", "volume snapshot", "image share", "image unshare"),
    *("network explain", "system shutdown", "system dial-stdio", "completion"),
}
NOT_COMPARED = {
    *(
        "--tls",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
        "--tlsverify",
    ),  # need certificates: tests/integration/test_tls.py
    "--version",
    "image ls --tree",  # an experiment of docker's, drawn otherwise in each release
}
_found: dict[str, list[Found]] = {}


def pier() -> list[str]:
    stub = _STUB.format(src=str(ROOT / "src"), site=sysconfig.get_path("purelib"))
    return [sys.executable, "-IS", "-c", stub]


@cache
def recorded(group: str) -> dict[str, Any]:
    return load(group)


@pytest.mark.parametrize("group", LINES)
def test_pier_does_what_docker_did(group: str) -> None:
    seen = observe_all(LINES[group], pier())
    assert seen.keys() == recorded(group).keys(), "run scripts/record-cli"
    found = [one for name, did in seen.items() for one in told_apart(f"{group}/{name}", recorded(group)[name], did)]
    _found[group] = found
    unlisted = [one for one in found if not any(listed.covers(one.place) for listed in DIFFERENCES)]
    assert not unlisted, "not in tests/same_cli/differences.py:\n" + "\n".join(map(str, unlisted))


def test_every_listed_difference_still_occurs() -> None:
    if _found.keys() != LINES.keys():
        pytest.skip("not all groups were compared")
    places = [one.place for found in _found.values() for one in found]
    gone = [listed.where for listed in DIFFERENCES if not any(map(listed.covers, places))]
    assert not gone, "no longer a difference, take it out of tests/same_cli/differences.py: " + ", ".join(gone)


def test_every_flag_is_on_some_line() -> None:
    """Of each command that docker has, too; a flag counts where the line was read to its end."""
    used: dict[str, set[str]] = {}
    for line in itertools.chain(*LINES.values()):
        try:
            general, rest = Parser(GLOBAL_FLAGS, interspersed=False).read(line.argv)
            used.setdefault("", set()).update(flag.name for flag in GLOBAL_FLAGS if general.given(flag.name))
            words, _, taken = find_command(rest)
            if words and is_built(words):
                command = load_command(words)
                values, _ = read_command(command, rest[taken:])
                used.setdefault(words, set()).update(flag.name for flag in command.flags if values.given(flag.name))
        except (UsageError, HelpRequested):
            continue
    wanted = {words: load_command(words).flags for words in COMMANDS if is_built(words)} | {"": GLOBAL_FLAGS}
    missing = {
        f"{words} --{flag.name}".strip()
        for words, flags in wanted.items()
        for flag in flags
        if words not in OWN_COMMANDS and flag.name not in used.get(words, ())
    }
    assert missing == NOT_COMPARED


@pytest.mark.parametrize("group", LINES)
def test_the_record_is_what_docker_does(group: str) -> None:
    docker = recorded_docker()
    if docker is None:
        pytest.skip("no docker CLI 28.2 on PATH; its recorded behaviour is what Pier is compared with")
    seen = observe_all(LINES[group], [docker])
    changed = [name for name, did in seen.items() if did != recorded(group)[name]]
    assert not changed
