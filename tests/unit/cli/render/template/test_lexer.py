import pytest

from pier.cli.render.template.lexer import TemplateSyntaxError, split, tokenize


def test_text_and_actions() -> None:
    pieces = split('a{{.X}}b{{"}}"}}')
    assert [piece.text for piece in pieces] == ["a", ".X", "b", '"}}"']
    assert [piece.tokens is None for piece in pieces] == [True, False, True, False]


def test_trim_markers_eat_blanks_and_comments_vanish() -> None:
    assert [piece.text for piece in split("a \n{{- .X -}}\n b{{/* {{ */}}c")] == ["a", " .X ", "b", "c"]


def test_tokens_know_whether_a_blank_stood_before_them() -> None:
    tokens = tokenize("$x.A .B | f `r` 'c' -1.5 :=")
    assert [(token.kind, token.spaced) for token in tokens] == [
        ("variable", True),
        ("field", False),
        ("field", True),
        ("symbol", True),
        ("word", True),
        ("string", True),
        ("char", True),
        ("number", True),
        ("declare", True),
    ]


def test_a_letter_without_meaning() -> None:
    with pytest.raises(TemplateSyntaxError):
        tokenize("#")
