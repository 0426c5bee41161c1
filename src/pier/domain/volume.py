"""Named volumes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL = "local"  # the driver of Pier's own
ANONYMOUS_LABEL = "com.docker.volume.anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """`mountpoint` is where its files are; of some drivers only while it is mounted, else empty."""

    name: str
    driver: str = "local"
    mountpoint: str = ""
    created_at: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    scope: str = "local"
    status: Mapping[str, object] = field(default_factory=dict)  # what a plugin has to say of it

    @property
    def is_elsewhere(self) -> bool:
        """Its files are to be mounted before they can be seen."""
        return self.driver != LOCAL or "device" in self.options
