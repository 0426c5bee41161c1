"""What the log options labels, env and tag add to every line of a container's log."""

import re
from collections.abc import Callable, Iterable, Mapping

from pier.domain.container import Container
from pier.domain.errors import InvalidArgument

_SHORT = 12
_FIELD = re.compile(r"\{\{ *\.(\w+) *\}\}")
_FIELDS: dict[str, Callable[[Container], str]] = {
    "ID": lambda c: c.id[:_SHORT],
    "FullID": lambda c: c.id,
    "Name": lambda c: c.name,
    "FullName": lambda c: f"/{c.name}",
    "ImageID": lambda c: c.image_id[:_SHORT],
    "ImageFullID": lambda c: c.image_id,
    "ImageName": lambda c: c.image_ref,
    "DaemonName": lambda _: "pier",
}


def line_attributes(options: Mapping[str, str], container: Container | None) -> dict[str, str]:
    """Raises InvalidArgument if the options ask for values and there is no container to take them from."""
    wanted = [name for name in ("labels", "labels-regex", "env", "env-regex", "tag") if options.get(name)]
    if not wanted:
        return {}
    if container is None:
        raise InvalidArgument(f"log opt {wanted[0]!r} takes its values from a container, and there is none")
    environment = dict(entry.split("=", 1) for entry in container.config.env if "=" in entry)
    found = _selected(container.config.labels, options.get("labels", ""), options.get("labels-regex", ""))
    found |= _selected(environment, options.get("env", ""), options.get("env-regex", ""))
    if options.get("tag"):
        found["tag"] = expand_tag(options["tag"], container)
    return found


def expand_tag(tag: str, container: Container) -> str:
    """The tag with its fields, which `check_tag` has looked at, filled in."""
    return _FIELD.sub(lambda match: _FIELDS[match[1]](container), tag)


def _selected(values: Mapping[str, str], names: str, pattern: str) -> dict[str, str]:
    keys: Iterable[str] = [name for name in names.split(",") if name in values]
    found = {key: values[key] for key in keys}
    if pattern:
        expression = compile_pattern("regex", pattern)
        found |= {key: value for key, value in values.items() if expression.search(key)}
    return found


def compile_pattern(option: str, pattern: str) -> re.Pattern[str]:
    """Raises InvalidArgument for what is no regular expression."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidArgument(f"log opt {option}: error parsing regexp {pattern!r}: {error}") from None


def check_tag(tag: str) -> None:
    """Raises InvalidArgument unless `tag` is text with fields such as `{{.Name}}`; other templates are not built."""
    for match in _FIELD.finditer(tag):
        if match[1] not in _FIELDS:
            raise InvalidArgument(f"log opt tag: can't evaluate field {match[1]}; known are {', '.join(_FIELDS)}")
    if "{{" in _FIELD.sub("", tag):
        raise InvalidArgument(f"log opt tag: {tag!r} is more than text and fields such as {{{{.Name}}}}")
