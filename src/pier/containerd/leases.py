"""containerd's lease service: what is made under a lease survives garbage collection until the lease ends."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from google.protobuf.empty_pb2 import Empty
from pier_grpc import leases_pb2 as pb

from pier.containerd.client import BULK_TIMEOUT, Client, HeldLease, Method, current_lease
from pier.domain.errors import NotFound, PierError

_SERVICE = "/containerd.services.leases.v1.Leases/"
_CREATE = Method(_SERVICE + "Create", pb.CreateRequest, pb.CreateResponse)
_DELETE = Method(_SERVICE + "Delete", pb.DeleteRequest, Empty)
_LIST = Method(_SERVICE + "List", pb.ListRequest, pb.ListResponse)
_ADD = Method(_SERVICE + "AddResource", pb.AddResourceRequest, Empty)

_HOLDER_LABEL = "pier/holder"
_EXPIRY_LABEL = "containerd.io/gc.expire"
_LIFETIME = 24 * 3600  # seconds after which containerd drops a lease that a dead pierd left
_DELETE_TIMEOUT = 10.0

_log = logging.getLogger(__name__)


class Leases:
    """Leases are held by tasks: all calls of the holder and of the tasks it starts meanwhile run under it.

    Each says by a label which Leases (so which pierd) made it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._holder = secrets.token_hex(8)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[str]:
        """A fresh lease whose id starts with `name`, or the one that is held already; it ends with its last holder."""
        held = current_lease.get()
        if held is not None and held.holders > 0 and held.namespace == self._client.namespace:
            held.holders += 1
            try:
                yield held.id
            finally:
                await self._release(held)
            return
        held = HeldLease(f"{name}-{secrets.token_hex(8)}", self._client.namespace)
        try:
            await self._create(held.id)
            token = current_lease.set(held)
            try:
                yield held.id
            finally:
                current_lease.reset(token)
        finally:
            await self._release(held)

    @asynccontextmanager
    async def keep(self, name: str, digests: Iterable[str]) -> AsyncIterator[None]:
        """A lease on blobs that are there already and on all that their labels refer to; no call runs under it."""
        held = HeldLease(f"{name}-{secrets.token_hex(8)}", self._client.namespace)
        try:
            await self._create(held.id)
            for digest in digests:
                request = pb.AddResourceRequest(id=held.id, resource=pb.Resource(id=digest, type="content"))
                await self._client.call(_ADD, request, what=f"keep blob {digest}")
            yield
        finally:
            await self._release(held)

    async def collect(self) -> None:
        """Runs a garbage collection and waits for it: containerd does so when a lease is deleted synchronously."""
        lease_id = f"collect-{secrets.token_hex(8)}"
        await self._create(lease_id)
        await self._client.call(_DELETE, pb.DeleteRequest(id=lease_id, sync=True), what="collect garbage")

    async def end_stale(self) -> int:
        """Ends the leases of pierds that died with them in their hands; how many there were.

        What they alone kept, half a blob that was on its way too, is gone when this returns.
        """
        reply = await self._client.call(_LIST, pb.ListRequest(), what="list leases")
        stale = [lease.id for lease in reply.leases if lease.labels.get(_HOLDER_LABEL, self._holder) != self._holder]
        for number, lease_id in enumerate(stale, start=1):
            request = pb.DeleteRequest(id=lease_id, sync=number == len(stale))
            with suppress(NotFound):
                await self._client.call(_DELETE, request, what=f"delete lease {lease_id}", timeout=BULK_TIMEOUT)
        return len(stale)

    async def _create(self, lease_id: str) -> None:
        expiry = datetime.fromtimestamp(time.time() + _LIFETIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request = pb.CreateRequest(id=lease_id, labels={_EXPIRY_LABEL: expiry, _HOLDER_LABEL: self._holder})
        await _to_its_end(lambda: self._client.call(_CREATE, request, what=f"create lease {lease_id}"))

    async def _release(self, held: HeldLease) -> None:
        """Runs to its end in a task that is cancelled, also once more meanwhile. What fails here is left to the lease's
        expiry: the work itself is done.
        """
        held.holders -= 1
        if held.holders > 0:
            return
        what = f"delete lease {held.id}"
        try:
            request = pb.DeleteRequest(id=held.id)
            await _to_its_end(lambda: self._client.call(_DELETE, request, what=what, timeout=_DELETE_TIMEOUT))
        except NotFound:
            return
        except PierError as error:
            _log.warning("%s; it expires within a day", error.message)


async def _to_its_end(call: Callable[[], Awaitable[object]]) -> None:
    """Waits for a call also in a task that is cancelled meanwhile, however often.

    containerd goes on with a call that is given up: it would make the lease behind the back of the one that deletes it.
    """
    errors: list[PierError] = []

    async def guarded() -> None:
        try:
            await call()
        except PierError as error:
            errors.append(error)

    async with asyncio.TaskGroup() as group:
        job = group.create_task(guarded())
        cancelled: asyncio.CancelledError | None = None
        while not job.done():
            try:
                await asyncio.wait({job})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
    if errors:
        raise errors[0]
