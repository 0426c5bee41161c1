"""One verb for several names: done side by side, reported in the order given."""

from pier.cli.errors import CliError
from pier.client.errors import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pier.cli.session import Session

_AT_ONCE = 50


def for_each(
    session: "Session", names: list[str], act: "Callable[[str], str]", *, missing_is_fine: bool = False
) -> int:
    """Print what `act` returns for each name; refusals go to stderr and make the exit code 1.

    `missing_is_fine` keeps the exit code 0 for names that the engine does not know (rm -f).
    """
    results = [_attempt(act, names[0])] if len(names) == 1 else _attempt_all(session, act, names)
    code = 0
    for result in results:
        if isinstance(result, str):
            session.out(result + "\n")
            continue
        if isinstance(result, ApiError):
            session.err(f"Error response from daemon: {result}\n")
            if missing_is_fine and result.status == 404:
                continue
        elif isinstance(result, CliError):
            session.err(f"{result}\n")
        else:
            raise result
        code = 1
    return code


def _attempt(act: "Callable[[str], str]", name: str) -> "str | Exception":
    try:
        return act(name)
    except Exception as error:
        return error


def _attempt_all(session: "Session", act: "Callable[[str], str]", names: list[str]) -> "list[str | Exception]":
    """The results in the order of the names, at most fifty requests at once."""
    from concurrent.futures import ThreadPoolExecutor

    _ = session.client.version  # negotiated once, before the threads start
    with ThreadPoolExecutor(max_workers=min(len(names), _AT_ONCE)) as pool:
        return list(pool.map(lambda name: _attempt(act, name), names))
