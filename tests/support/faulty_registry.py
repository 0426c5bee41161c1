"""A registry over one image that lies or fails in a way that a test chooses."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.http_server import Answer, HttpServer, Request, http_server
from support.images import OciImage, digest_of

from pier.domain.image import MEDIA_TYPE_OCI_MANIFEST

Fault = Callable[[Request, Answer], Answer]


@dataclass
class FaultyRegistry:
    """Serves `image` as `<host>/faulty:1`. `faults` by what they are about (manifest, config, layer): each is given the
    honest answer, and how many times it was asked stands in `asked`.
    """

    image: OciImage
    config: str
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    server: HttpServer = field(init=False)

    @property
    def repository(self) -> str:
        return f"{self.server.host}/faulty"

    def __call__(self, request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        if "/manifests/" in request.path:
            digest = digest_of(self.image.manifest)
            headers = {"Content-Type": MEDIA_TYPE_OCI_MANIFEST, "Docker-Content-Digest": digest}
            return self._with_fault("manifest", request, Answer(200, headers, self.image.manifest))
        if name not in self.image.blobs:
            return Answer(404)
        blob = self.image.blobs[name]
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        honest = Answer(206 if start else 200, body=blob[start:])
        return self._with_fault("config" if name == self.config else "layer", request, honest)

    def _with_fault(self, what: str, request: Request, honest: Answer) -> Answer:
        self.asked[what] += 1
        fault = self.faults.get(what)
        return fault(request, honest) if fault else honest


@asynccontextmanager
async def faulty_registry(image: OciImage, config_digest: str, **faults: Fault) -> AsyncIterator[FaultyRegistry]:
    registry = FaultyRegistry(image, config_digest, dict(faults))
    async with http_server(registry) as server:
        registry.server = server
        yield registry


def other_bytes(_: Request, honest: Answer) -> Answer:
    """As many as there should be, but others."""
    return Answer(honest.status, honest.headers, bytes(len(honest.body)))


def too_short(_: Request, honest: Answer) -> Answer:
    """Half, as if it were all."""
    return Answer(honest.status, honest.headers, honest.body[: len(honest.body) // 2])


def endless(_: Request, honest: Answer) -> Answer:
    """More than was announced, and no end of it in sight."""
    return Answer(honest.status, honest.headers, honest.body + bytes(4 << 20), length=1 << 40)


def nowhere(_: Request, honest: Answer) -> Answer:
    """A redirect to where nobody listens."""
    return Answer(307, {"Location": "http://127.0.0.1:1/away"})


def in_circles(request: Request, honest: Answer) -> Answer:
    """A redirect to itself."""
    return Answer(307, {"Location": request.path})


def web_page(_: Request, honest: Answer) -> Answer:
    """What a captive portal says to everything."""
    return Answer(200, {"Content-Type": "text/html"}, b"<html>please pay</html>")


def status(code: int, **headers: str) -> Fault:
    """Always this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request, _honest: Answer(code, named, b'{"errors":[{"code":"X","message":"no"}]}')


def at_first(fault: Fault, times: int) -> Fault:
    """A fault that passes after so many times."""
    seen = Counter[str]()

    def decide(request: Request, honest: Answer) -> Answer:
        seen[request.path] += 1
        return fault(request, honest) if seen[request.path] <= times else honest

    return decide


def breaks_off(every: int) -> Fault:
    """Sends at most so many bytes of each answer, then hangs up."""
    return lambda _request, honest: Answer(
        honest.status,
        honest.headers,
        honest.body[:every],
        length=len(honest.body) if len(honest.body) > every else None,
    )
