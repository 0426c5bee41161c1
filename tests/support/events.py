"""Recorded events, by the API."""

import json
import time
from typing import Any
from urllib.parse import quote

from support.engine import Engine


def events_since(engine: Engine, since: float, **filters: list[str]) -> list[dict[str, Any]]:
    """Recorded events from `since` (unix seconds) to now."""
    until, chosen = time.time(), quote(json.dumps(filters))
    reply = engine.call("GET", f"/events?since={since:.9f}&until={until:.9f}&filters={chosen}")
    assert reply.status == 200, reply.body
    return [json.loads(line) for line in reply.body.splitlines() if line.strip()]
