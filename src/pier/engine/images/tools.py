"""What every way in or out works with."""

from dataclasses import dataclass

from pier.domain.image import Platform
from pier.engine.images.downloads import Spawn
from pier.engine.images.publish import Publish
from pier.engine.images.store import ImageStore
from pier.engine.images.unpack import Unpacker
from pier.engine.ports import Archives, Content, Leases, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """`platform` is this host's; `spawn` starts a job that outlives its caller; `downloads` go at once of all pulls
    together, `uploads` of each push.
    """

    registry: Registry
    archives: Archives
    content: Content
    leases: Leases
    store: ImageStore
    unpacker: Unpacker
    publish: Publish
    platform: Platform
    spawn: Spawn
    downloads: int
    uploads: int
