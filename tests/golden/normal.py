"""Takes out of a reply what differs from run to run and from machine to machine: ids, times, addresses, sizes.

What is left can be compared by equality: `<id>` equals `<id>`, and a null where a list was is a difference.
"""

import re
from dataclasses import dataclass, field
from typing import Any

_NEVER = "0001-01-01T00:00:00Z"
_BUILT = "2024-01-02T03:04:05Z"  # the creation time of the test images
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WORDS = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{12}\b"), "<short>"),
    (re.compile(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "<mac>"),
    (re.compile(r"\b(?!127\.|0\.0\.0\.0)(\d{1,3}\.){3}\d{1,3}\b"), "<ipv4>"),
    (
        re.compile(r"\b(Up|Exited \(\d+\)|Restarting \(\d+\)) (Less than a second|(About )?an? \w+|\d+ \w+)"),
        r"\1 <lapse>",
    ),
    (re.compile(r"0\.01 to (\d+)\.00, as there are only \1 CPUs"), "0.01 to <cpus>.00, as there are only <cpus> CPUs"),
    (re.compile(r"CPUs are not available - requested 999, available: [0-9,-]+"), "CPUs are not available: <cpus>"),
)
# Numbers that are never the same twice; 0 and -1 mean something and stay.
_NUMBERS = frozenset(
    ("Pid", "pid", "Created", "Size", "SizeRw", "SizeRootFs", "VirtualSize", "IPPrefixLen", "time", "timeNano")
)
_PATHS = frozenset(("SandboxKey", "LowerDir", "UpperDir", "MergedDir", "WorkDir"))
_FIRST_EPHEMERAL = 32768


@dataclass
class Normal:
    """`words` maps texts of this machine (its name, the data root) to what stands for them."""

    words: dict[str, str] = field(default_factory=dict)

    def value(self, value: Any, key: str = "") -> Any:
        """The same JSON with placeholders."""
        if isinstance(value, dict):
            return {self.text(name): self.value(item, name) for name, item in sorted(value.items())}
        if isinstance(value, list):
            return [self.value(item, key) for item in value]
        if isinstance(value, str):
            return self._string(value, key)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._number(value, key)
        return value

    def _string(self, value: str, key: str) -> str:
        if value and key in _PATHS:
            return "<path>"
        if key == "HostPort" and value.isdigit() and int(value) >= _FIRST_EPHEMERAL:
            return "<port>"
        if key == "LastTagTime":  # dockerd sets it only for names given by hand
            return "<time>"
        if key in ("execDuration", "execID") and value:
            return f"<{key}>"
        return self.text(value)

    @staticmethod
    def _number(value: int, key: str) -> Any:
        if key == "PublicPort" and value >= _FIRST_EPHEMERAL:
            return "<port>"
        return "<int>" if key in _NUMBERS and value not in (0, -1) else value

    def text(self, text: str) -> str:
        for word, stands_for in self.words.items():
            text = text.replace(word, stands_for)
        text = _TIME.sub(lambda match: match[0] if match[0] in (_NEVER, _BUILT) else "<time>", text)
        for pattern, stands_for in _WORDS:
            text = pattern.sub(stands_for, text)
        return text

    def types(self, value: Any) -> Any:
        """Only the shape: types in place of scalars, the first item in place of a list."""
        if isinstance(value, dict):
            return {self.text(name): self.types(item) for name, item in sorted(value.items())}
        if isinstance(value, list):
            return [self.types(item) for item in value[:1]]
        return None if value is None else f"<{type(value).__name__}>"
