"""The environment of a process."""

from collections.abc import Iterable, Sequence

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def merge(base: Iterable[str], *overrides: Iterable[str]) -> list[str]:
    """Variables by name, later ones winning in the place of the first; an override without `=` removes the name."""
    merged: dict[str, str] = {}
    for entry in base:
        merged[entry.partition("=")[0]] = entry
    for layer in overrides:
        for entry in layer:
            name, separator, _ = entry.partition("=")
            if separator:
                merged[name] = entry
            else:
                merged.pop(name, None)
    return list(merged.values())


def process_environment(
    own: Sequence[str], *, hostname: str, home: str, tty: bool, links: Sequence[str] = (), exec_env: Sequence[str] = ()
) -> list[str]:
    """PATH, HOSTNAME, TERM (with a terminal), then links, the container's own and an exec's; HOME if none sets it."""
    base = [f"PATH={DEFAULT_PATH}", f"HOSTNAME={hostname}", *(["TERM=xterm"] if tty else [])]
    merged = merge(base, links, own, exec_env)
    if not any(entry.startswith("HOME=") for entry in merged):
        merged.append(f"HOME={home}")
    return merged
