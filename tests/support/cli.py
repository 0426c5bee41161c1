"""One command-line client, `pier` or the stock `docker`, pointed at an engine: the same test runs with both."""

from dataclasses import dataclass

from support.engine import Completed, Engine, run
from support.facilities import BIN, find_docker_cli
from support.terminal import Terminal


@dataclass(frozen=True)
class Cli:
    """Calls of one client. `name` is pier or docker."""

    name: str
    engine: Engine

    def argv(self, *args: str) -> list[str]:
        """The whole command line."""
        program = str(BIN / "pier") if self.name == "pier" else find_docker_cli()
        return [program, "-H", self.engine.host, *args]

    def __call__(self, *args: str, input_text: str | None = None, timeout: float = 90.0) -> Completed:
        """Runs it to its end, whatever its exit code."""
        return run(self.argv(*args), input_text=input_text, timeout=timeout)

    def out(self, *args: str, timeout: float = 90.0) -> str:
        """What it prints on stdout, stripped; its exit code must be 0."""
        return self(*args, timeout=timeout).check().stdout.strip()

    def on_terminal(self, *args: str, rows: int = 24, columns: int = 80) -> Terminal:
        """Runs it on a terminal of its own."""
        return Terminal(self.argv(*args), rows=rows, columns=columns)
