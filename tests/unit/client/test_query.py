from urllib.parse import parse_qsl, unquote

from hypothesis import given
from hypothesis import strategies as st

from pier.client.query import encode_query, quote, quote_path


@given(st.text())
def test_quoting_is_undone_by_urllib(text: str) -> None:
    assert unquote(quote(text)) == text
    assert unquote(quote_path(text)) == text


def test_absent_values_are_left_out_and_sequences_repeat_their_key() -> None:
    query = {"a": True, "b": False, "c": None, "d": "", "n": 3, "s": "x y/z", "l": ["p", "q"], "e": []}
    text = encode_query(query)
    assert parse_qsl(text) == [("a", "1"), ("n", "3"), ("s", "x y/z"), ("l", "p"), ("l", "q")]


def test_slashes_and_digests_stay_in_paths() -> None:
    assert quote_path("host:5000/a/b@sha256:ff") == "host:5000/a/b@sha256:ff"
    assert quote_path("a?b#c") == "a%3Fb%23c"
