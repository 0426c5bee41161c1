import os
import subprocess
import sys

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(pier: Pier, shell: str) -> None:
    code, out, _ = pier("completion", shell)
    assert code == 0
    assert "_PIER_COMPLETE" in out


def test_an_unknown_shell(pier: Pier) -> None:
    assert pier("completion", "csh")[0] == 1


@pytest.mark.parametrize(
    ("words", "offer"),
    [("pier contai", "container"), ("pier container st", "stats"), ("pier run --na", "--name"), ("pier rm w", "web")],
)
def test_answers_in_bash_s_form(engine: HttpEngine, words: str, offer: str) -> None:
    engine.answer("GET", "/containers/json", [{"Names": ["/web"], "State": "exited"}])
    environment = {
        **os.environ,
        "_PIER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    command = [sys.executable, "-m", "pier"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert offer in done.stdout.split()
