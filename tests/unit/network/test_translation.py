import errno

import pytest

from pier.domain.errors import Conflict, NotFound, PierError
from pier.network.translation import translated


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EXFULL, Conflict, "cannot plug: a Linux bridge takes 1023 ports; put some"),
        (errno.EEXIST, Conflict, "cannot plug: it exists already"),
        (errno.EPERM, PierError, "CAP_NET_ADMIN"),
        (errno.ENODEV, PierError, "cannot plug: No such device"),
    ],
)
def test_errno_becomes_a_kind_and_a_sentence(code: int, kind: type[PierError], words: str) -> None:
    import os

    with pytest.raises(kind, match=words) as caught, translated("plug"):
        raise OSError(code, os.strerror(code))
    assert type(caught.value) is kind


def test_errors_of_ours_pass() -> None:
    with pytest.raises(NotFound), translated("plug"):
        raise NotFound("x")
