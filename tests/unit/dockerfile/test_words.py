import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.dockerfile.words import expand, split_words
from pier.domain.errors import InvalidArgument

VARIABLES = {"A": "1", "LONG_name2": "x y", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("a='b c' d", ["a='b c'", "d"]),
        ('a="b \\" c" d', ['a="b \\" c"', "d"]),
        ("a\\ b c", ["a\\ b", "c"]),
        ("'a\\' b", ["'a\\'", "b"]),
        ("", []),
    ],
)
def test_words_are_parted_outside_quotes(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("$A", "1"),
        ("${A}2", "12"),
        ("$LONG_name2!", "x y!"),
        ("$NONE.", "."),
        ("$", "$"),
        ("$ 5", "$ 5"),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "1 b"),
        ('"\\$A \\n"', "$A \\n"),
        ("${NONE:-def}", "def"),
        ("${EMPTY:-$A}", "1"),
        ("${A:-def}", "1"),
        ("${A:+set}", "set"),
        ("${NONE:+set}", ""),
        ("${NONE:-${A}x}", "1x"),
        ("a\\", "a"),
    ],
)
def test_variables_quotes_and_backslashes(text: str, result: str) -> None:
    assert expand(text, VARIABLES) == result


@pytest.mark.parametrize("text", ["'a", '"a', "${A", "${A:?x}", "${}", "${A/b/c}"])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidArgument):
        expand(text, VARIABLES)


def test_a_quote_that_is_not_closed() -> None:
    with pytest.raises(InvalidArgument, match="looking for matching"):
        split_words("a='b c")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        split_words(text)
        expand(text, VARIABLES)
    except InvalidArgument:
        return
