"""StorageOpt, read."""

import pytest

from pier.domain.errors import InvalidArgument
from pier.domain.storage import layer_size


@pytest.mark.parametrize(
    ("options", "size"), [({}, 0), ({"size": "10G"}, 10 << 30), ({"Size": "1.5mb"}, 3 << 19), ({"size": "512"}, 512)]
)
def test_sizes(options: dict[str, str], size: int) -> None:
    assert layer_size(options) == size


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"size": ""}, "invalid size: ''"),
        ({"size": "-1"}, "invalid size: '-1'"),
        ({"size": "1x"}, "invalid size: '1x'"),
        ({"size": "9" * 400}, f"invalid size: '{'9' * 400}'"),
        ({"size": "0"}, "must be larger than 0"),
        ({"foo": "1G"}, "Unknown option foo"),
    ],
)
def test_what_is_no_size(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        layer_size(options)
