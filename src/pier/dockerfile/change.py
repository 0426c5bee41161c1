"""One instruction applied to an image's configuration, as `docker commit --change` takes it."""

import json
import posixpath
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pier.dockerfile.words import expand, split_words
from pier.domain.container import Config, Healthcheck
from pier.domain.errors import InvalidArgument
from pier.domain.network import parse_port_range
from pier.domain.signals import parse_signal

DEFAULT_SHELL = ("/bin/sh", "-c")
_NANO = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def apply_changes(config: Config, lines: Iterable[str]) -> Config:
    """Applies instructions, one a line; blank lines and comments are passed over.

    Raises InvalidArgument for an instruction that cannot change a configuration, or one that cannot be read.
    """
    command_given = False
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name = text.split(None, 1)[0].upper()
        changed = apply_change(config, text)
        if name == "ENTRYPOINT" and command_given:
            changed = replace(changed, cmd=config.cmd)
        command_given = command_given or name == "CMD"
        config = changed
    return config


def apply_change(config: Config, line: str) -> Config:
    """The configuration after one instruction."""
    word, *rest = line.split(None, 1)
    name = word.upper()
    if name not in _INSTRUCTIONS:
        raise InvalidArgument(f"{name} is not a valid change command")
    return _INSTRUCTIONS[name](config, rest[0].strip() if rest else "")


def _cmd(config: Config, text: str) -> Config:
    return replace(config, cmd=_command(config, text), args_escaped=False)


def _entrypoint(config: Config, text: str) -> Config:
    """A new entry point drops the command: its arguments were meant for another program."""
    return replace(config, entrypoint=_command(config, text) or None, cmd=None)


def _env(config: Config, text: str) -> Config:
    return replace(config, env=_with_variables(config.env, _pairs("ENV", text, _variables(config))))


def _label(config: Config, text: str) -> Config:
    return replace(config, labels={**config.labels, **dict(_pairs("LABEL", text, _variables(config)))})


def _expose(config: Config, text: str) -> Config:
    ports = list(config.exposed_ports)
    for word in _words("EXPOSE", text, config):
        port, _, protocol = word.partition("/")
        try:
            first, last = parse_port_range(port)
        except InvalidArgument as error:
            raise InvalidArgument(f"Invalid containerPort: {word}") from error
        if not first or protocol.lower() not in ("", "tcp", "udp", "sctp"):
            raise InvalidArgument(f"Invalid containerPort: {word}")
        ports += [f"{number}/{protocol.lower() or 'tcp'}" for number in range(first, last + 1)]
    return replace(config, exposed_ports=tuple(dict.fromkeys(ports)))


def _volume(config: Config, text: str) -> Config:
    paths = _json_words(text)
    if paths is None:
        paths = tuple(_words("VOLUME", text, config))
    if not paths or not all(path.strip() for path in paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return replace(config, volumes=tuple(dict.fromkeys((*config.volumes, *paths))))


def _user(config: Config, text: str) -> Config:
    return replace(config, user=_one("USER", text, config))


def _workdir(config: Config, text: str) -> Config:
    path = _one("WORKDIR", text, config)
    return replace(config, working_dir=posixpath.normpath(posixpath.join(config.working_dir or "/", path)))


def _stop_signal(config: Config, text: str) -> Config:
    signal = _one("STOPSIGNAL", text, config)
    parse_signal(signal)
    return replace(config, stop_signal=signal)


def _on_build(config: Config, text: str) -> Config:
    trigger = text.split(None, 1)[0].upper() if text else ""
    if not trigger:
        raise InvalidArgument("ONBUILD requires at least one argument")
    if trigger == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("MAINTAINER", "FROM"):
        raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger")
    return replace(config, on_build=(*(config.on_build or ()), text))


def _healthcheck(config: Config, text: str) -> Config:
    words = text.split()
    options: dict[str, str] = {}
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0).removeprefix("--").partition("=")
        options[name] = value
        text = text.split(None, 1)[1] if " " in text else ""
    kind, _, command = text.strip().partition(" ")
    if kind.upper() == "NONE":
        if options or command.strip():
            raise InvalidArgument("HEALTHCHECK NONE takes no arguments")
        return replace(config, healthcheck=Healthcheck(test=("NONE",)))
    if kind.upper() != "CMD" or not command.strip():
        raise InvalidArgument(f"Unknown type {kind!r} in HEALTHCHECK (try CMD)")
    listed = _json_words(command.strip())
    test = ("CMD-SHELL", command.strip()) if listed is None else ("CMD", *listed)
    return replace(config, healthcheck=_with_options(test, options))


def _with_options(test: tuple[str, ...], options: Mapping[str, str]) -> Healthcheck:
    unknown = set(options) - {"interval", "timeout", "start-period", "start-interval", "retries"}
    if unknown:
        raise InvalidArgument(f"unknown flag in HEALTHCHECK: --{min(unknown)}")
    retries = options.get("retries", "0")
    if not (retries.isascii() and retries.isdigit()):
        raise InvalidArgument(f"HEALTHCHECK --retries is no number: {retries}")
    return Healthcheck(
        test=test,
        interval=_duration(options.get("interval", "0s")),
        timeout=_duration(options.get("timeout", "0s")),
        start_period=_duration(options.get("start-period", "0s")),
        start_interval=_duration(options.get("start-interval", "0s")),
        retries=int(retries),
    )


def _duration(text: str) -> int:
    """Nanoseconds of a Go duration such as `1m30s`."""
    total, rest = 0, text
    while rest:
        number = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        tail = rest[len(number) :]
        unit = next((unit for unit in sorted(_NANO, key=len, reverse=True) if tail.startswith(unit)), "")
        if not unit or not number.replace(".", "", 1).isdigit():
            raise InvalidArgument(f'time: invalid duration "{text}"')
        total += int(float(number) * _NANO[unit])
        rest = tail[len(unit) :]
    return total


_INSTRUCTIONS: Mapping[str, Callable[[Config, str], Config]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _on_build,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}


def _command(config: Config, text: str) -> tuple[str, ...]:
    """A JSON list is a command as it stands; anything else is a line for the shell."""
    listed = _json_words(text)
    if listed is not None:
        return listed
    return (*(config.shell or DEFAULT_SHELL), text) if text else ()


def _json_words(text: str) -> tuple[str, ...] | None:
    """A JSON list of strings; None for anything else, which is then taken literally."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _pairs(instruction: str, text: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """`name=value …`, or the old form `name value with blanks`."""
    words = split_words(text)
    if not words:
        raise InvalidArgument(f"{instruction} requires at least one argument")
    if "=" not in words[0]:
        if len(words) < 2:
            raise InvalidArgument(f"{instruction} must have two arguments")
        name = words[0]
        return [(name, expand(text[len(name) :].strip(), variables))]
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise InvalidArgument(
                f"Syntax error - can't find = in {shlex.quote(word)}. Must be of the form: name=value"
            )
        if not name:
            raise InvalidArgument(f"{instruction} names can not be blank")
        pairs.append((expand(name, variables), expand(value, variables)))
    return pairs


def _words(instruction: str, text: str, config: Config) -> list[str]:
    found = [expand(word, _variables(config)) for word in split_words(text)]
    if not found:
        raise InvalidArgument(f"{instruction} requires at least one argument")
    return found


def _one(instruction: str, text: str, config: Config) -> str:
    value = expand(text, _variables(config)).strip()
    if not value:
        raise InvalidArgument(f"{instruction} requires exactly one argument")
    return value


def _variables(config: Config) -> dict[str, str]:
    return dict(variable.partition("=")[::2] for variable in config.env)


def _with_variables(env: tuple[str, ...], pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A variable that is set already keeps its place."""
    merged = dict(variable.partition("=")[::2] for variable in env)
    merged.update(pairs)
    return tuple(f"{name}={value}" for name, value in merged.items())
