from pier.cli.render.json_text import go_json, indented_json


def test_go_escapes_what_html_could_trip_over() -> None:
    assert (
        go_json({"a": "<x> & y", "b": [1, None], "c": "é"}) == '{"a":"\\u003cx\\u003e \\u0026 y","b":[1,null],"c":"é"}'
    )


def test_people_get_four_blanks() -> None:
    assert indented_json([{"a": "<"}]) == '[\n    {\n        "a": "<"\n    }\n]'
