"""--env, --env-file, --label, --label-file: variables and labels of a new container or exec."""

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def read_environment(files: "list[str]", items: "list[str]", own: "Mapping[str, str]") -> "list[str] | None":
    """NAME=value entries: those of the files first. Of two flags the later wins; a bare NAME takes `own`'s value.

    A bare name without a value stays as it is when a flag gave it (the engine then unsets it); in a file it is dropped.
    Raises CliError for a file that cannot be read.
    """
    entries: list[str] = []
    for path in files:
        for line in _lines(path):
            name, equals, _ = line.partition("=")
            _check_name(name, path, line)
            if equals:
                entries.append(line)
            elif name in own:
                entries.append(f"{name}={own[name]}")
    last = {item.partition("=")[0]: item for item in items}
    entries += [f"{item}={own[item]}" if "=" not in item and item in own else item for item in last.values()]
    return entries or None


def read_labels(files: "list[str]", items: "list[str]") -> "dict[str, str]":
    """Labels: those of the files first; a later one wins. Bare keys in files are dropped, as docker does."""
    labels: dict[str, str] = {}
    for path in files:
        for line in _lines(path):
            key, equals, value = line.partition("=")
            _check_name(key, path, line)
            if equals:
                labels[key] = value
    for item in items:
        key, _, value = item.partition("=")
        labels[key] = value
    return labels


def _lines(path: str) -> "Iterator[str]":
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        raise CliError(f"open {path}: no such file or directory") from None
    except UnicodeDecodeError:
        raise CliError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise CliError(f"open {path}: {error.strerror}") from None
    for line in lines:
        text = line.lstrip().rstrip("\r")
        if text and not text.startswith("#"):
            yield text


def _check_name(name: str, path: str, line: str) -> None:
    if not name:
        raise CliError(f"invalid env file ({path}): no variable name on line '{line}'")
    if " " in name or "\t" in name:
        raise CliError(f"invalid env file ({path}): variable '{name}' contains whitespaces")
