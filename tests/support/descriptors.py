"""Which descriptors this process has open, by number and by what they are.

A test that counted them would also see those that the collector closes meanwhile, for tests that ran before.
"""

import os
from contextlib import suppress


def open_descriptors() -> set[str]:
    """`<number> <what it leads to>` of each (proc(5), fd links)."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that reads the directory
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
    return found
