import subprocess
import sys

import pier


def test_help_works_where_python_was_started_without_site() -> None:
    source = str(pier.__path__[0]).removesuffix("/pier")
    program = f"import sys; sys.path.insert(0, {source!r}); import pier.cli.main as m; m.run(['ps', '--help'])"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "--no-trunc" in done.stdout
