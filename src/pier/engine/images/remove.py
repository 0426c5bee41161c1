"""`docker rmi` and `docker image prune`: taking names away, and images whose last name went."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from pier.domain.errors import Conflict, NotFound
from pier.domain.ids import short
from pier.domain.image import Image
from pier.domain.reference import Reference, is_full_hex, is_image_id_prefix, parse
from pier.engine.images.claims import Claims
from pier.engine.images.names import user_reference
from pier.engine.images.publish import Publish, image_attributes
from pier.engine.images.store import ImageStore
from pier.engine.ports import Snapshots
from pier.oci.image import chain_ids

Removed = list[tuple[str, str]]
"""("Untagged", familiar name) and ("Deleted", id of an image or chain id of a layer), in order."""


class Remover:
    """Docker's rules: a name may go while others lead to the image; the image itself only when nobody needs it.

    Who needs it: containers, and images that were made from it. With the last of these it goes, if it has no name.
    """

    def __init__(self, store: ImageStore, snapshots: Snapshots, claims: Claims, publish: Publish) -> None:
        self._store = store
        self._snapshots = snapshots
        self._claims = claims
        self._publish = publish

    async def remove(self, ref: str, *, force: bool = False, prune_parents: bool = True) -> Removed:
        """With the untagged images that it was made from, unless `prune_parents` is False.

        Raises NotFound; Conflict where containers, other names or images made from it forbid it (`force` overrides
        names and stopped containers).
        """
        async with self._claims.turn(self._store.get, ref) as image:
            named = await _named(self._store, image)
            if _is_by_id(ref, image, named):
                removed = await self._remove_by_id(image, named, force=force)
            else:
                removed = await self._remove_by_name(ref, image, named, force=force)
        if prune_parents and ("Deleted", image.id) in removed:
            removed += await self._prune(image.parent)
        return removed

    async def _remove_by_name(self, ref: str, image: Image, named: dict[str, Reference], *, force: bool) -> Removed:
        users = self._claims.users(image.id)
        if users and not force and _is_single(list(named.values())):
            raise Conflict(
                f'conflict: unable to remove repository reference "{ref}" (must force) - container '
                f"{short(users[0].id)} is using its referenced image {short(image.id)}"
            )
        going = _names_to_drop(ref, named)
        staying = [name for name in named if name not in going]
        delete = not staying and not (users if not force else [user for user in users if user.running])
        delete = delete and image.id not in await self._store.parents()
        removed = await self._untag(image, going, named)
        return removed + (await self._delete(image) if delete else [])

    async def _remove_by_id(self, image: Image, named: dict[str, Reference], *, force: bool) -> Removed:
        users = self._claims.users(image.id)
        running = [user for user in users if user.running]
        if image.id in await self._store.parents():
            raise _conflict(image, "cannot be forced", "image has dependent child images")
        if running:
            raise _conflict(
                image, "cannot be forced", f"image is being used by running container {short(running[0].id)}"
            )
        if not force and not _is_single(list(named.values())):
            raise _conflict(image, "must be forced", "image is referenced in multiple repositories")
        if not force and users:
            raise _conflict(image, "must be forced", f"image is being used by stopped container {short(users[0].id)}")
        return await self._take(image, named)

    async def take(self, image: Image) -> Removed:
        """Takes all names of an image away, and the image, unless others were made from it; with its untagged parents.

        No container uses it, and it is the caller's turn.
        """
        named = await _named(self._store, image)
        if image.id in await self._store.parents():
            return await self._untag(image, list(named), named)
        return await self._take(image, named) + await self._prune(image.parent)

    async def _prune(self, image_id: str) -> Removed:
        """Deletes an image without a name that nobody needs any more, and so what that was made from."""
        removed: Removed = []
        while image_id:
            try:
                async with self._claims.turn(self._store.get, image_id) as image:
                    needed = self._claims.users(image_id) or image_id in await self._store.parents()
                    if needed or await _named(self._store, image):
                        break
                    removed += await self._delete(image)
            except NotFound:
                break
            image_id = image.parent
        return removed

    async def take_spare_names(self, image: Image) -> Removed:
        """Takes the names away that an image in use can do without: all but the last. It is the caller's turn."""
        removed: Removed = []
        for name in sorted(image.repo_tags):
            with suppress(Conflict):
                named = await _named(self._store, image)
                removed += await self._remove_by_name(name, image, named, force=False)
        return removed

    async def _take(self, image: Image, named: dict[str, Reference]) -> Removed:
        return await self._untag(image, list(named), named) + await self._delete(image)

    async def _untag(self, image: Image, names: Sequence[str], named: dict[str, Reference]) -> Removed:
        await self._store.release(image.id, names)
        for _ in names:
            await self._publish("image", "untag", image.id, image_attributes(image))
        return [("Untagged", named[name].familiar) for name in names]

    async def _delete(self, image: Image) -> Removed:
        """Deletes the image, which has lost its last name, and waits until what only it needed is off the disk.

        One that a pull, say, has given a name meanwhile stays.
        """
        if not await self._store.delete(image.id):
            return []
        await self._publish("image", "delete", image.id, image_attributes(image))
        removed: Removed = [("Deleted", image.id)]
        for chain_id in reversed(chain_ids(image.diff_ids)):
            if await self._snapshots.exists(chain_id):
                break  # another image stands on it, and so on all below
            removed.append(("Deleted", chain_id))
        return removed


async def _named(store: ImageStore, image: Image) -> dict[str, Reference]:
    """Its names by record."""
    references = {record.name: user_reference(record.name) for record in await store.records_of(image.id)}
    return {name: reference for name, reference in references.items() if reference is not None}


def _conflict(image: Image, how: str, why: str) -> Conflict:
    return Conflict(f"conflict: unable to delete {short(image.id)} ({how}) - {why}")


def _is_by_id(ref: str, image: Image, named: Mapping[str, Reference]) -> bool:
    """A reference is an id when the image's begins with it, unless the image also has it as its name (`cafe`)."""
    if not is_image_id_prefix(ref) or not image.id.removeprefix("sha256:").startswith(ref.removeprefix("sha256:")):
        return False
    return is_full_hex(ref) or parse(ref).canonical not in named


def _names_to_drop(ref: str, named: dict[str, Reference]) -> list[str]:
    """The name itself, and the digests of its repository once no tag of that repository is left."""
    wanted = parse(ref)
    going = [name for name, reference in named.items() if _is_meant(wanted, reference)]
    gone = {named[name].repository for name in going if not named[name].digest}
    kept = {reference.repository for name, reference in named.items() if name not in going and not reference.digest}
    going += [
        name
        for name, reference in named.items()
        if name not in going and reference.digest and reference.repository in gone - kept
    ]
    return going


def _is_meant(wanted: Reference, reference: Reference) -> bool:
    if wanted.digest:  # of the manifest or of the config: either way that of this repository and image
        return bool(reference.digest) and reference.repository == wanted.repository
    return reference.canonical == wanted.canonical


def _is_single(references: Sequence[Reference]) -> bool:
    """One tag at most, and nothing beyond the repository of that tag."""
    tags = [reference for reference in references if not reference.digest]
    return len(tags) <= 1 and len({reference.repository for reference in references}) <= 1
