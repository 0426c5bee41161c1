"""The lab, for the modules that speak to a kernel; those tests need root."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.facilities import require_command, require_root
from support.netlab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A private network namespace that plays the host."""
    require_root()
    require_command("ip")
    with Lab(tmp_path) as made:
        yield made
