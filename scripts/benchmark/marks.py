"""The names that tell what this run made from everything else on an engine, and the failure of a check."""

import time
import uuid

TOKEN = uuid.uuid4().hex[:8]  # in the name or label of all that this run makes
IMAGE = f"bench-base-{TOKEN}:latest"
LABEL = {"bench.run": TOKEN}
MB = 1_000_000
now = time.perf_counter


class CheckFailed(Exception):
    """An engine refused the work, or did it wrong."""


def expect(condition: object, message: str) -> None:
    """Raises CheckFailed with this message unless the condition holds."""
    if not condition:
        raise CheckFailed(message)
