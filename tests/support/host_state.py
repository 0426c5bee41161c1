"""What all engines together left on this host. scripts/test compares it before and after: a last net under the others.

host_state.py take FILE       writes what is there
host_state.py compare FILE    exits 1, with a list, if there is more than before
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROCESSES = re.compile(r"pier\.daemon|/pierd\b|pier.keeper|pier-keeper|-namespace pier|pier-test|containerd.*pier")
PATIENCE = 10.0  # seconds


def take() -> dict[str, list[str]]:
    """Everything on the host that carries Pier's name, by kind, sorted."""
    return {
        "processes": sorted(processes()),
        "links": sorted(p.name for p in Path("/sys/class/net").iterdir() if re.match(r"pier|ptest", p.name)),
        "nft tables": sorted(nft_tables()),
        "mounts": sorted(mounts()),
        "cgroups": sorted(str(p) for p in Path("/sys/fs/cgroup").glob("*/pier*")),
        "run files": sorted(str(p) for p in Path("/run").glob("pier*")),
        "data": sorted(str(p) for p in Path("/var/lib").glob("pier*")),
        "runc": sorted(str(p) for p in Path("/run/containerd").glob("runc/pier*/*")),
    }


def processes() -> Iterator[str]:
    """`pid command line` of Pier's daemons, keepers and shims."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if PROCESSES.search(line) and "host_state" not in line and "pytest" not in line and not line.startswith("bash"):
            yield f"{folder.name} {line[:200]}"


def nft_tables() -> Iterator[str]:
    """nftables tables of any instance."""
    listed = subprocess.run(["nft", "list", "tables"], check=False, capture_output=True, text=True).stdout
    return (line for line in listed.splitlines() if "pier" in line)


def mounts() -> Iterator[str]:
    """Mount points with Pier's name in their path."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if "pier" in line.split()[4]:
            yield line.split()[4]


def compare(before: dict[str, list[str]], after: dict[str, list[str]], *, without: str = "") -> list[str]:
    """One line for each kind of which there is more than before, leaving out what has `without` in its name."""
    more = {kind: sorted(set(things) - set(before.get(kind, []))) for kind, things in after.items()}
    if without:
        more = {kind: [thing for thing in things if without not in thing] for kind, things in more.items()}
    return [f"left behind, {kind}: {', '.join(things)}" for kind, things in more.items() if things]


def main(verb: str, path: str) -> int:
    """The exit status."""
    if verb == "take":
        Path(path).write_text(json.dumps(take()))
        return 0
    before = json.loads(Path(path).read_text())
    deadline = time.monotonic() + PATIENCE
    # What was told to end takes a moment to be gone.
    while (findings := compare(before, take())) and time.monotonic() < deadline:
        time.sleep(0.2)
    print("\n".join(findings) or "nothing left behind")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
