import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.client import json_codec
from pier.client.json_codec import decode, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(VALUES)
def test_what_is_encoded_is_what_json_reads_and_decode_agrees(value: object) -> None:
    text = encode(value)
    assert json.loads(text) == value
    assert decode(text) == value
    assert decode(f" \r\n{json.dumps(value, indent=2)}\n".encode()) == value


@pytest.mark.parametrize("text", ["", "  ", "{", '{"a":1} x', "nope", '{"a" 1}', "[1,]"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)


def test_without_the_accelerator_the_json_package_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_codec, "_accelerator", None)
    assert decode(encode({"a": [1, "x", None]})) == {"a": [1, "x", None]}


def test_a_value_without_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        encode({"a": object()})
