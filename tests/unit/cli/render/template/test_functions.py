from typing import Any

import pytest

from pier.cli.render.template.functions import FUNCTIONS, CallError, to_text


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("join", (["a", "b"], ","), "a,b"),
        ("split", ("a,b", ","), ["a", "b"]),
        ("title", ("hello wOrld",), "Hello WOrld"),
        ("truncate", ("abcdef", 3), "abc"),
        ("pad", ("x", 1, 2), " x  "),
        ("len", ("é",), 2),
        ("len", ([1, 2],), 2),
        ("slice", ("abcdef", 1, 3), "bc"),
        ("print", ("a", 1, 2, "b"), "a1 2b"),
        ("println", ("a", 1), "a 1\n"),
        (
            "printf",
            ("%s %d %v %q %5.1f %x %t%%", "a", 3, None, "q", 1.25, 255, True),
            'a 3 <no value> "q"   1.2 ff true%',
        ),
        ("printf", ("%s",), "%!s(MISSING)"),
        ("eq", (1, 2, 1), True),
        ("eq", (1, True), False),
        ("html", ("<a&'\">",), "&lt;a&amp;&#39;&#34;&gt;"),
        ("urlquery", ("a b",), "a+b"),
    ],
)
def test_results(name: str, arguments: tuple[Any, ...], result: bool | int | list[str] | str) -> None:
    assert FUNCTIONS[name](*arguments) == result


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("len", (5,)), ("len", (None,)), ("lt", (1, "x")), ("eq", (1,)), ("index", (5, 1)), ("slice", ("a", 0, 9))],
)
def test_what_cannot_be_called(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(CallError, match=f"error calling {name}"):
        FUNCTIONS[name](*arguments)


def test_values_print_as_go_prints_them() -> None:
    assert to_text({"b": 1.0, "a": [None, True]}) == "map[a:[<nil> true] b:1]"
