import pytest

from pier.api.translate.filters import load_filters
from pier.domain.errors import InvalidArgument


@pytest.mark.parametrize("text", ['{"label":["a","b=c"]}', '{"label":{"a":true,"b=c":true}}'])
def test_both_encodings(text: str) -> None:
    assert load_filters(text).get("label") == ("a", "b=c")


@pytest.mark.parametrize("text", ["", "null", "{}"])
def test_none(text: str) -> None:
    assert load_filters(text).values == {}


@pytest.mark.parametrize("text", ['{"label":null}', '{"label":{}}', '{"label":[]}'])
def test_a_key_without_values(text: str) -> None:
    assert load_filters(text).get("label") == ()


@pytest.mark.parametrize("text", ["zz", "[]", '{"a":["b"],"c":{"d":true}}', '{"a":"b"}', '{"a":1}'])
def test_bad_ones(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter"):
        load_filters(text)
