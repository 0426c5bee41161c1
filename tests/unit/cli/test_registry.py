import pytest

from pier.cli.registry import ALIASES, COMMANDS, GROUPS, SHORTCUTS, find_command, is_built, load_command


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ps", "-a"], ("container ls", "ps", 1)),
        (["container", "list"], ("container ls", "container list", 2)),
        (["container", "ls"], ("container ls", "container ls", 2)),
        (["rmi", "x"], ("image rm", "rmi", 1)),
        (["version"], ("version", "version", 1)),
        (["container"], ("", "container", 1)),
        (["container", "foo"], ("", "container", 1)),
        (["foo"], ("", "", 0)),
    ],
)
def test_words_find_their_command(words: list[str], found: tuple[str, str, int]) -> None:
    assert find_command(words) == found


def test_every_shortcut_and_alias_leads_somewhere() -> None:
    assert {*SHORTCUTS.values(), *ALIASES.values()} <= set(COMMANDS)
    assert {words.partition(" ")[0] for words in COMMANDS if " " in words} == set(GROUPS)


@pytest.mark.parametrize("words", [words for words in COMMANDS if is_built(words)])
def test_every_built_command_has_a_table_that_fits_the_registry(words: str) -> None:
    command = load_command(words)
    assert command.words == words
    assert command.summary == COMMANDS[words][2]
    names = [name for flag in command.flags for name in (flag.name, *flag.aliases)]
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(names) == len(set(names))
    assert len(shorts) == len(set(shorts))
    assert all(flag.help for flag in command.flags)
