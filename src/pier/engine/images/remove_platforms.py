"""`docker rmi --platform`: some platforms of an image, while the others stay."""

from collections.abc import Sequence

from pier.domain.errors import Conflict, Unsupported
from pier.domain.ids import short
from pier.domain.image import Descriptor, Image, Platform
from pier.engine.images.labels import index_labels
from pier.engine.images.publish import image_attributes
from pier.engine.images.remove import InUse, Removed, Remover
from pier.engine.images.tools import Tools
from pier.engine.images.variants import Variant, for_platform
from pier.oci.image import parse_index
from pier.oci.media_types import is_index


class PlatformRemover:
    def __init__(self, tools: Tools, remover: Remover, in_use: InUse) -> None:
        self._tools = tools
        self._remover = remover
        self._in_use = in_use

    async def remove(self, ref: str, platforms: Sequence[Platform], *, force: bool) -> Removed:
        """Takes away what only these platforms need; the whole image where no other is here.

        Raises NotFound for an image or a platform that is not here, Conflict as for a whole image.
        """
        image = await self._tools.store.get(ref)
        variants = await self._tools.store.variants(image.id)
        going = {item.id: item for item in (for_platform(variants, platform, ref) for platform in platforms)}
        if all(variant.image is None or variant.image.id in going for variant in variants):
            return await self._remover.remove(ref, force=force)
        for victim in going.values():
            self._require_unused(victim, force=force)
        digests = {variant.descriptor.digest for variant in variants if variant.image and variant.image.id in going}
        await self._cut_off(image, variants, digests)
        await self._tools.leases.collect()
        for victim in going.values():
            await self._tools.publish("image", "delete", victim.id, image_attributes(victim))
        return [("Deleted", digest) for digest in sorted(digests)]

    def _require_unused(self, image: Image, *, force: bool) -> None:
        users = self._in_use(image.id)
        running = [user for user in users if user.running]
        if running or (users and not force):
            user, how = (running[0], "cannot be forced") if running else (users[0], "must be forced")
            raise Conflict(
                f"conflict: unable to delete {short(image.id)} ({how}) - container {short(user.id)} is using this "
                "platform of the image"
            )

    async def _cut_off(self, image: Image, variants: Sequence[Variant], digests: set[str]) -> None:
        """Their indexes hold them no more. Raises Unsupported for indexes within indexes."""
        tools = self._tools
        attached = [variant.descriptor for variant in variants if variant.attests in digests]
        targets = {record.target.digest: record.target for record in await tools.store.records_of(image.id)}
        for target in targets.values():
            if not is_index(target.media_type):
                if target.digest in digests:
                    raise Conflict(
                        f"conflict: unable to delete {short(target.digest)} (cannot be forced) - a name of the image "
                        "leads to this platform alone; remove that name first"
                    )
                continue
            children = parse_index(await tools.content.read(target.digest)).manifests
            victims = [child for child in [*children, *attached] if child.digest in digests or child in attached]
            if not digests <= {child.digest for child in children}:
                raise Unsupported("Pier does not support removing platforms of an index within another index")
            await tools.content.set_labels(target.digest, _without(victims))
            tools.store.forget(target)


def _without(manifests: Sequence[Descriptor]) -> dict[str, str]:
    """An empty value removes a label."""
    return dict.fromkeys(index_labels(manifests), "")
