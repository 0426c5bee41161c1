"""`docker rmi --platform`: some platforms of an image, while the others stay."""

from collections.abc import Sequence

from pier.domain.errors import Conflict
from pier.domain.ids import short
from pier.domain.image import Descriptor, Image, Platform
from pier.engine.images.archive_tree import ArchiveTree
from pier.engine.images.claims import Claims
from pier.engine.images.labels import index_labels
from pier.engine.images.publish import image_attributes
from pier.engine.images.remove import Removed, Remover
from pier.engine.images.tools import Tools
from pier.engine.images.variants import Variant, for_platform
from pier.oci.image import parse_index
from pier.oci.media_types import is_index


class PlatformRemover:
    def __init__(self, tools: Tools, remover: Remover, claims: Claims) -> None:
        self._tools = tools
        self._remover = remover
        self._claims = claims

    async def remove(self, ref: str, platforms: Sequence[Platform], *, force: bool, prune_parents: bool) -> Removed:
        """Takes away what only these platforms need; the whole image where no other is here.

        Raises NotFound for an image or a platform that is not here, Conflict as for a whole image.
        """
        async with self._claims.turn(self._tools.store.get, ref) as image:
            variants = await self._tools.store.variants(image.id)
            going = {item.id: item for item in (for_platform(variants, platform, ref) for platform in platforms)}
            if any(variant.image is not None and variant.image.id not in going for variant in variants):
                return await self._remove(image, variants, list(going.values()), force=force)
        return await self._remover.remove(ref, force=force, prune_parents=prune_parents)

    async def _remove(
        self, image: Image, variants: Sequence[Variant], going: Sequence[Image], *, force: bool
    ) -> Removed:
        for victim in going:
            self._require_unused(victim, force=force)
        gone = {victim.id for victim in going}
        digests = {variant.descriptor.digest for variant in variants if variant.image and variant.image.id in gone}
        await self._cut_off(image, variants, digests)
        await self._tools.leases.collect()
        for victim in going:
            await self._tools.publish("image", "delete", victim.id, image_attributes(victim))
        return [("Deleted", digest) for digest in sorted(digests)]

    def _require_unused(self, image: Image, *, force: bool) -> None:
        users = self._claims.users(image.id)
        running = [user for user in users if user.running]
        if running or (users and not force):
            user, how = (running[0], "cannot be forced") if running else (users[0], "must be forced")
            raise Conflict(
                f"conflict: unable to delete {short(image.id)} ({how}) - container {short(user.id)} is using this "
                "platform of the image"
            )

    async def _cut_off(self, image: Image, variants: Sequence[Variant], digests: set[str]) -> None:
        """Their indexes hold them no more. Raises Conflict where that would take them from something else, too."""
        tools = self._tools
        going = digests | {variant.descriptor.digest for variant in variants if variant.attests in digests}
        targets = {record.target.digest: record.target for record in await tools.store.records_of(image.id)}
        for target in targets.values():
            if target.digest in digests:
                raise Conflict(
                    f"conflict: unable to delete {short(target.digest)} (cannot be forced) - a name of the image "
                    "leads to this platform alone; remove that name first"
                )
        cuts: dict[str, list[Descriptor]] = {}
        for target in targets.values():
            if is_index(target.media_type):
                await self._plan(target, going, cuts, is_within=False)
        for digest in cuts.keys() - targets.keys():
            await self._require_unshared(image, digest)
        for digest, manifests in cuts.items():
            await tools.content.set_labels(digest, _without(manifests))
        for target in targets.values():
            tools.store.forget(target)

    async def _plan(
        self, index: Descriptor, going: set[str], cuts: dict[str, list[Descriptor]], *, is_within: bool = True
    ) -> bool:
        """Notes what an index, and those within it, will not hold any more; whether anything of it stays."""
        content, stays, cut = self._tools.content, False, list[Descriptor]()
        for child in parse_index(await content.read(index.digest)).manifests:
            if child.digest in going:
                cut.append(child)
            elif await content.size(child.digest) is None:
                continue
            elif is_index(child.media_type) and not await self._plan(child, going, cuts):
                cut.append(child)
            else:
                stays = True
        if cut and (stays or not is_within):
            cuts[index.digest] = cut  # else it goes as a whole, and may be held by others as it is
        return stays

    async def _require_unshared(self, image: Image, digest: str) -> None:
        """An index within an index may be a part of another image's, which it would be changed for, too."""
        for other in await self._tools.store.images():
            for record in await self._tools.store.records_of(other.id) if other.id != image.id else ():
                if is_index(record.target.media_type):
                    tree = await ArchiveTree.below(self._tools.content, record.target)
                    if digest in tree:
                        raise Conflict(
                            f"conflict: unable to delete a platform of {short(image.id)} (cannot be forced) - it is "
                            f"part of the index {digest}, which image {short(other.id)} has, too"
                        )


def _without(manifests: Sequence[Descriptor]) -> dict[str, str]:
    """An empty value removes a label."""
    return dict.fromkeys(index_labels(manifests), "")
