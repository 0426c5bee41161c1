"""Clients that work on an engine until it dies under them: whole lives of containers, a writer, a puller."""

import http.client
import random
import threading
from collections.abc import Callable
from urllib.parse import quote

from support import api
from support.engine import Engine

from chaos.ledger import Ledger, Promise

LOST = (OSError, http.client.HTTPException)  # what a client sees of an engine's death
WRITTEN = 400_000  # lines of a writer: 2.7 MB, of which a part is on its way at any moment


class EngineGone(Exception):
    """The engine died with a request of ours in its hands."""


class Client:
    """One thread's view of the engine. `tolerant`: containerd is killed as well, so that refusals are in order."""

    def __init__(self, engine: Engine, ledger: Ledger, *, tolerant: bool) -> None:
        self._engine = engine
        self._ledger = ledger
        self._tolerant = tolerant

    def call(self, method: str, target: str, body: object = None, *, good: tuple[int, ...]) -> api.Reply:
        """Raises EngineGone when there is no reply, or one that only an outage of containerd excuses."""
        try:
            reply = self._engine.call(method, target, body, timeout=45)
        except LOST as error:
            raise EngineGone from error
        self._ledger.count()
        if reply.status not in good:
            if not self._tolerant:
                self._ledger.complain(f"{method} {target}: {reply.status} {reply.body[:200]!r}")
            raise EngineGone
        return reply

    def create(self, promise: Promise, config: dict[str, object]) -> None:
        reply = self.call("POST", f"/containers/create?name={promise.name}", config, good=(201,))
        promise.container_id, promise.created = reply.json()["Id"], True

    def start(self, promise: Promise) -> None:
        self.call("POST", f"/containers/{promise.name}/start", good=(204,))
        promise.started = True

    def remove(self, promise: Promise) -> None:
        promise.removing = True
        self.call("DELETE", f"/containers/{promise.name}?force=1&v=1", good=(204,))
        promise.removed = True

    def execute(self, promise: Promise) -> None:
        body = {"Cmd": ["true"], "AttachStdout": False}
        made = self.call("POST", f"/containers/{promise.name}/exec", body, good=(201,))
        self.call("POST", f"/exec/{made.json()['Id']}/start", {"Detach": True}, good=(200,))


class Workload:
    """Threads that end by themselves when the engine dies or `stop` is called."""

    def __init__(self, engine: Engine, image: str, ledger: Ledger, *, tolerant: bool, seed: int) -> None:
        self._client = Client(engine, ledger, tolerant=tolerant)
        self._image = image
        self._ledger = ledger
        self._seed = seed
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def live(self, workers: int) -> None:
        """Starts clients that run containers through whole lives, one after the other."""
        for number in range(workers):
            self._spawn(self._run_lives, f"w{number}")

    def write(self) -> None:
        """Starts one container that writes numbered lines as fast as it can."""
        self._spawn(self._run_writer, "writer")

    def pull(self, reference: str) -> None:
        """Starts a client that pulls an image, and removes it, again and again."""
        self._spawn(lambda _: self._run_puller(reference), "puller")

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), f"client {thread.name} still waits for a reply"

    def _spawn(self, work: Callable[[str], None], name: str) -> None:
        def run() -> None:
            try:
                work(name)
            except EngineGone:
                return

        self._threads.append(threading.Thread(target=run, name=name))
        self._threads[-1].start()

    def _run_lives(self, name: str) -> None:
        chance = random.Random(f"{self._seed}-{name}")
        number = 0
        while not self._ended.is_set():
            number += 1
            life = chance.choice((self._short_life, self._stopped_life, self._killed_life))
            life(f"{name}-{number}")

    def _short_life(self, name: str) -> None:
        promise = self._ledger.open(name, exit_code=7)
        self._begin(promise, "exit 7")
        reply = self._client.call("POST", f"/containers/{name}/wait", good=(200,))
        if reply.body and reply.json()["StatusCode"] != 7:
            self._ledger.complain(f"wait of {name} says {reply.body!r}")
        self._client.remove(promise)

    def _stopped_life(self, name: str) -> None:
        promise = self._ledger.open(name)
        self._begin(promise, "sleep 1000")
        self._client.execute(promise)
        self._client.call("POST", f"/containers/{name}/stop?t=0", good=(204,))
        self._client.remove(promise)

    def _killed_life(self, name: str) -> None:
        promise = self._ledger.open(name)
        self._begin(promise, "sleep 1000", {"PublishAllPorts": True, "IpcMode": "shareable"})
        self._client.remove(promise)

    def _run_writer(self, name: str) -> None:
        self._begin(self._ledger.open(name, exit_code=0, lines=WRITTEN), f"exec seq 1 {WRITTEN}")

    def _run_puller(self, reference: str) -> None:
        name, _, tag = reference.rpartition(":")
        while not self._ended.is_set():
            reply = self._client.call("POST", f"/images/create?fromImage={quote(name)}&tag={tag}", good=(200,))
            if b"Status: " not in reply.body:
                raise EngineGone  # cut short; or a failure, which the check of the images finds
            self._client.call("DELETE", f"/images/{reference}", good=(200,))

    def _begin(self, promise: Promise, command: str, host: dict[str, object] | None = None) -> None:
        config: dict[str, object] = {
            "Image": self._image,
            "Cmd": ["sh", "-c", command],
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": host or {},
        }
        self._client.create(promise, config)
        self._client.start(promise)
