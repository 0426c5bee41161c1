import pytest

from pier.api.translate.filters import load_filters
from pier.domain.errors import InvalidArgument


@pytest.mark.parametrize("text", ['{"label":["a","b=c"]}', '{"label":{"a":true,"b=c":true}}'])
def test_both_encodings(text: str) -> None:
    assert load_filters(text).get("label") == ("a", "b=c")


def test_none() -> None:
    assert load_filters("").values == {}


@pytest.mark.parametrize("text", ["zz", "[]", '{"a":"b"}', '{"a":1}'])
def test_bad_ones(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter"):
        load_filters(text)
