"""Whether containerd's image records are still those that were read last."""


class ImageChanges:
    """A number that grows with each change of an image record that our stream of events, or we ourselves, know of.

    While the stream is down nobody tells of changes by others: then there is no number, and nothing may be kept.
    """

    def __init__(self) -> None:
        self._number = 0
        self._is_told = False

    @property
    def number(self) -> int | None:
        """None while changes by others go unnoticed."""
        return self._number if self._is_told else None

    def note(self) -> None:
        """A record was made, moved or deleted, or is about to be."""
        self._number += 1

    def follow(self) -> None:
        """From now on every change is told; those before may have been missed."""
        self._number += 1
        self._is_told = True

    def lose(self) -> None:
        """From now on changes may be missed."""
        self._is_told = False
