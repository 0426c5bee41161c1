"""Shell completion in real shells, with the names that a real engine knows."""

import os
import re
import shutil
import subprocess

import pytest
from support.engine import Engine, client_environment
from support.facilities import BIN
from support.terminal import Terminal

pytestmark = [pytest.mark.root, pytest.mark.containerd]

ASK = {
    "bash": 'eval "$(pier completion bash)"; COMP_WORDS=({words}); COMP_CWORD={last}; _pier_completion pier;'
    ' printf "%s\\n" "${{COMPREPLY[@]}}"',
    "fish": "pier completion fish | source; complete -C {line!r}",
    # What its function asks when a person presses tab; the rest of it needs a terminal with zle.
    "zsh": 'autoload -U compinit; compinit -u; eval "$(pier completion zsh)"; [[ -n $functions[_pier_completion] ]]'
    " && _TYPER_COMPLETE_ARGS={line!r} _PIER_COMPLETE=complete_zsh pier",
}


@pytest.fixture
def named(engine: Engine, image: str) -> Engine:
    """Two running containers, `website` and `worker`, and one that is not, `done`."""
    for name in ("website", "worker"):
        engine.docker("run", "-d", "--name", name, image, "sleep", "1000").check()
    engine.docker("create", "--name", "done", image, "true").check()
    return engine


@pytest.mark.parametrize("shell", list(ASK))
@pytest.mark.parametrize(
    ("line", "offered", "missing"),
    [
        ("pier stop w", {"website", "worker"}, {"done"}),
        ("pier container rm d", {"done"}, set()),
        ("pier logs ", {"website", "worker", "done"}, set()),
        ("pier run pier/b", {"pier/busybox"}, {"website"}),
        ("pier contai", {"container"}, set()),
        ("pier run --na", {"--name"}, {"--env"}),
    ],
)
def test_names_are_offered(named: Engine, shell: str, line: str, offered: set[str], missing: set[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    words = [*line.split(), *([""] if line.endswith(" ") else [])]
    quoted = " ".join(repr(word) for word in words)
    script = ASK[shell].format(words=quoted, last=len(words) - 1, line=line)
    environment = client_environment() | {"PATH": f"{BIN}:{os.environ['PATH']}", "PIER_HOST": named.host}
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, env=environment, timeout=90, check=False
    )
    found = set(re.findall(r"[\w./-]+", done.stdout))
    assert offered <= found, (done.stdout, done.stderr)
    assert not missing & found


def test_zsh_completes_what_a_person_types(named: Engine) -> None:
    """The whole of it, as zsh's line editor calls it when tab is pressed on a terminal."""
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("no zsh")
    path = f"PATH={BIN}:{os.environ['PATH']}"
    with Terminal(["env", path, f"PIER_HOST={named.host}", "TERM=vt100", zsh, "-f", "-i"], columns=120) as terminal:
        terminal.send("PS1=; PROMPT_EOL_MARK=; autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste\r")
        terminal.send('eval "$(pier completion zsh)"; echo rea""dy\r')
        terminal.expect("ready", timeout=60)
        terminal.send("pier stop webs\t && echo stop\\ ped\r")
        assert "website" in terminal.expect("stop ped", timeout=60)
        terminal.send("pier logs w\t")
        terminal.expect("worker", timeout=60)  # both are offered
        terminal.send("\x15exit\r")
        terminal.wait()
    assert named.docker("inspect", "--format", "{{.State.Status}}", "website").check().last == "exited"
