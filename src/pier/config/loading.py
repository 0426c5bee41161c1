"""Makes a Config of a command line and of daemon.json, or says what is wrong with them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pier.config.default_bridge import check_default_bridge
from pier.config.flags import DEFAULT_CONFIG_FILE, read_flags
from pier.config.keys import FEATURES, FIELDS, FIXED, FORMER, KEYS, REFUSED
from pier.config.settings import Config, ConfigError


def load(arguments: Sequence[str]) -> Config:
    """The configuration that a command line asks for. Raises ConfigError; SystemExit for --help and unknown flags."""
    given = read_flags(arguments)
    path = given.pop("config_file", None)
    source = Path(str(path or DEFAULT_CONFIG_FILE))
    from_file = _read_file(source, required=path is not None)
    both = sorted(set(given) & set(from_file))
    if both:
        names = ", ".join(FIELDS[name] for name in both)
        raise ConfigError(f"{names}: given both as a flag and in {source}; remove one of them")
    values = _read_values(given, "--{}") | _read_values(from_file, f"{source}: {{}}")
    return _check(_with_profile(Config(**values)))  # type: ignore[arg-type]  # each was read by its key's own reader


def what_changed(old: Config, new: Config) -> tuple[Config, list[str], list[str]]:
    """For SIGHUP: `old` with what may be reloaded taken from `new`, the keys of that, and those that need a restart."""
    changed = [name for name, key in KEYS.items() if getattr(old, key.field) != getattr(new, key.field)]
    reloaded = [name for name in changed if KEYS[name].reloads]
    config = replace(old, **{KEYS[name].field: getattr(new, KEYS[name].field) for name in reloaded})
    return config, reloaded, [name for name in changed if name not in reloaded]


def _read_values(given: Mapping[str, object], shown: str) -> dict[str, object]:
    """By field; `shown` is how a message calls where a key stands."""
    found = {}
    for field, value in given.items():
        name = FIELDS[field]
        try:
            found[field] = KEYS[name].read(value)
        except ValueError as error:
            raise ConfigError(f"{shown.format(name)}: {error}") from error
    return found


def _read_file(path: Path, *, required: bool) -> dict[str, object]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        if required:
            raise ConfigError(f"the configuration file {path} does not exist") from None
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error.strerror}") from error
    try:
        document = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ConfigError(f"the configuration file {path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"the configuration file {path} must hold one JSON object")
    found: dict[str, object] = {}
    for given, given_value in document.items():
        key, value = given, given_value
        if value is None and key in {*FORMER, *FIXED, *REFUSED, *KEYS}:
            continue  # as good as left out, as with dockerd
        if given in FORMER:
            key, read = FORMER[given]
            value = read(given_value)
            if key in document:
                raise ConfigError(f"{path}: {given} and {key} say the same; remove one of them")
        if key in FIXED:
            _require_fixed(path, key, value, FIXED[key])
        elif key == "features":
            _check_features(path, value)
        elif key in REFUSED:
            raise ConfigError(f"{path}: Pier does not support the key {key!r}: {REFUSED[key]}")
        elif key not in KEYS:
            raise ConfigError(f"{path}: the key {key!r} is not known to Pier; remove it or correct its spelling")
        else:
            found[KEYS[key].field] = value
    return found


def _require_fixed(path: Path, key: str, value: object, fixed: tuple[object, str]) -> None:
    only, reason = fixed
    if value != only:
        raise ConfigError(f"{path}: {key} can only be {json.dumps(only)}: {reason}")


def _check_features(path: Path, value: object) -> None:
    """dockerd's switches: those that say what Pier does anyway."""
    if not isinstance(value, dict):
        raise ConfigError(f'{path}: features must be an object, as {{"containerd-snapshotter": true}}')
    for name, switch in value.items():
        if name not in FEATURES:
            raise ConfigError(f"{path}: Pier does not have dockerd's feature {name!r}")
        _require_fixed(path, f"features.{name}", switch, FEATURES[name])


def _with_profile(config: Config) -> Config:
    """Reads the seccomp profile's file now, so that a mistake is told at once and not by every start."""
    if config.seccomp_profile in ("", "builtin", "unconfined"):
        return replace(config, seccomp_profile="" if config.seccomp_profile == "builtin" else config.seccomp_profile)
    try:
        text = Path(config.seccomp_profile).read_text()
        json.loads(text)
    except OSError as error:
        raise ConfigError(f"seccomp-profile: cannot read {config.seccomp_profile}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"seccomp-profile: {config.seccomp_profile} is not JSON: {error}") from error
    return replace(config, seccomp_profile_text=text)


def _check(config: Config) -> Config:
    if not config.containerd.startswith("/"):
        raise ConfigError(f"--containerd must be an absolute path of a socket, not {config.containerd!r}")
    if not re.fullmatch(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*", config.containerd_namespace):
        raise ConfigError(f"--containerd-namespace {config.containerd_namespace!r} is not a name containerd accepts")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,15}", config.bridge):
        raise ConfigError(f"--bridge {config.bridge!r}: a link name has 1 to 15 letters, digits, dots or dashes")
    if config.bridge == "none":
        raise ConfigError("--bridge none: Pier always has its default network; give containers --network none instead")
    check_default_bridge(config)
    for host in config.hosts:
        if host != "fd://" and not host.startswith(("unix://", "tcp://")):
            raise ConfigError(f"--host {host!r}: use unix:///path/of.sock, tcp://ADDRESS:PORT or fd://")
    if config.tls or config.tlsverify:
        wanted = ("tlscert", "tlskey", "tlscacert") if config.tlsverify else ("tlscert", "tlskey")
        missing = [f"--{name}" for name in wanted if getattr(config, name) is None]
        if missing:
            raise ConfigError(f"TLS needs {' and '.join(missing)}")
    known = {"runc", "crun", *config.runtimes}
    if config.default_runtime not in known:
        raise ConfigError(
            f"--default-runtime {config.default_runtime!r} is unknown; add it with --add-runtime NAME=PATH"
        )
    return config
