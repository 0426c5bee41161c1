"""WWW-Authenticate headers."""

import time

import pytest

from pier.registry.challenge import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Basic realm="a registry"'], [("basic", {"realm": "a registry"})]),
        (
            ['Bearer realm="https://a.example/t",service="reg",scope="repository:a/b:pull,push"'],
            [
                (
                    "bearer",
                    {"realm": "https://a.example/t", "service": "reg", "scope": "repository:a/b:pull,push"},
                )
            ],
        ),
        (
            ['Bearer realm = "x" , error=denied'],
            [("bearer", {"realm": "x", "error": "denied"})],
        ),
        (['Bearer realm="a\\"b"'], [("bearer", {"realm": 'a"b'})]),
        (['Basic realm="x", Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (['Basic realm="x"', 'Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (["Negotiate"], [("negotiate", {})]),
        ([], []),
        (["=,,="], []),
    ],
)
def test_parse(headers: list[str], expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(headers) == [Challenge(scheme, parameters) for scheme, parameters in expected]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer," + " " * 8000 + "@",
        " " * 8000 + "@",
        "Bearer" + " " * 8000 + "@",
        "," * 4000 + " " * 4000 + "@",
        'a="' * 2700,
        'a="' + "\\" * 8001,
        "a =" * 2700,
        ("x" + " " * 80) * 100,
    ],
)
def test_a_hostile_header_costs_no_more_than_its_length(header: str) -> None:
    before = time.process_time()
    parse_challenges([header])
    assert time.process_time() - before < 1
