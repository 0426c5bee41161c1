"""The log driver `journald` with systemd's own journald, alone in a mount namespace with a journal of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.facilities import ROOT, require_root

pytestmark = pytest.mark.root

JOURNALD = "/lib/systemd/systemd-journald"
# Everything below is seen by this namespace alone: also a journald of the host's goes on undisturbed.
SCRIPT = f"""set -e
mount --make-rprivate /
mkdir -p /run/systemd /run/log
for place in /run/systemd /run/log /var/log; do mount -t tmpfs none $place; done
mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' > /run/systemd/journald.conf.d/test.conf
{JOURNALD} 2> /run/log/errors & journald=$!
trap 'kill $journald' EXIT
tries=0
until [ -S /run/systemd/journal/socket ] || [ $tries = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
"$1" -c "$2"
show() {{ journalctl --directory /run/log/journal --output json --all --no-pager CONTAINER_NAME=web; }}
tries=0
until [ "$(show | wc -l)" -ge 4 ] || [ $tries = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
show
"""
SEND = """
from pier.domain.container import Config, Container, HostConfig, LogConfig
from pier.logs.forwarding import forwarder_for
from pier.logs.localformat import LocalRecord

labels = {"tier": "front", "two lines": "a\\nb"}
container = Container(
    id="0123456789abcdef" * 4, name="web", created_at=0, image_ref="img", image_id="sha256:1",
    config=Config(labels=labels), host_config=HostConfig(),
)
options = {"labels": "tier,two lines", "tag": "{{.Name}}/x"}
forwarder = forwarder_for(LogConfig(driver="journald", options=options), container)
moment = 1_715_000_000_123_456_789
lines = [(1, b"hello\\n"), (2, b"no end"), (1, b"\\xff\\n"), (1, b"x" * 16384 + b"\\n")]
forwarder.put([LocalRecord(stream, moment, line) for stream, line in lines])
forwarder.close()
forwarder.join()
"""


def test_entries_arrive_with_who_the_container_is() -> None:
    require_root()
    if not Path(JOURNALD).exists():
        pytest.skip("there is no systemd-journald")
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", SCRIPT, "bash", sys.executable, SEND],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}/generated"},
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["MESSAGE"] for entry in entries] == ["hello", "no end", [255], "x" * 16384]
    assert [entry["PRIORITY"] for entry in entries] == ["6", "3", "6", "6"]
    assert [entry.get("CONTAINER_PARTIAL_MESSAGE") for entry in entries] == [None, "true", None, None]
    for entry in entries:
        assert entry["_TRANSPORT"] == "journal"
        assert (entry["CONTAINER_ID"], entry["CONTAINER_ID_FULL"]) == ("0123456789ab", "0123456789abcdef" * 4)
        assert (entry["CONTAINER_TAG"], entry["SYSLOG_IDENTIFIER"], entry["IMAGE_NAME"]) == ("web/x", "web/x", "img")
        assert (entry["TIER"], entry["TWO_LINES"]) == ("front", "a\nb")
        assert entry["SYSLOG_TIMESTAMP"] == "2024-05-06T12:53:20.123456789Z"
