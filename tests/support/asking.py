"""A client that asks on and on while something happens to who answers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from support.wait import wait_for

T = TypeVar("T")


class Asking(Generic[T]):
    """`answers` grow while it asks."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self.answers: list[T] = []
        self._ask = ask
        self._enough = threading.Event()
        self._job: Future[None]

    def await_new_answer(self) -> None:
        """Waits for an answer to a question that is asked from now on, or until a question has failed.

        One answer may be on its way already, and so may one question.
        """
        before = len(self.answers)
        wait_for(lambda: self._job.done() or len(self.answers) >= before + 2, what="a new answer")

    @contextmanager
    def _in_thread(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as pool:
            self._job = pool.submit(self._run)
            try:
                yield
            finally:
                self._enough.set()
        self._job.result()

    def _run(self) -> None:
        while not self._enough.is_set():
            self.answers.append(self._ask())


@contextmanager
def asking(ask: Callable[[], T]) -> Iterator[Asking[T]]:
    """Asks in a thread of its own until the end of the block, and raises there what asking has raised."""
    client = Asking(ask)
    with client._in_thread():
        yield client
