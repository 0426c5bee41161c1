import json

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.errors import CliError
from pier.cli.inspect import encode_platform


def test_any_kind_is_tried_in_turn(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/networks/x", {"Name": "x", "E": "<"})
    code, out, err = pier("inspect", "x")
    assert (code, json.loads(out), err) == (0, [{"Name": "x", "E": "<"}], "")
    assert '    {\n        "Name": "x",\n        "E": "<"' in out
    assert [path for _, path in engine.sent()] == ["/containers/x/json", "/images/x/json", "/networks/x"]


def test_what_is_not_there_comes_after_what_is(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/a/json", {"Id": "1"})
    assert pier("inspect", "-f", "{{.Id}}", "no", "a") == (1, "1\n", "Error: No such object: no\n")
    assert pier("inspect", "no") == (1, "[]\n", "Error: No such object: no\n")
    engine.answer("GET", "/containers/no/json", {"message": "No such container: no"}, 404)
    assert pier("container", "inspect", "no")[2] == "Error response from daemon: No such container: no\n"


def test_type_and_size(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/a/json", {"Id": "1"})
    assert pier("inspect", "-s", "--type", "container", "-f", "json", "a") == (0, '[{"Id":"1"}]\n', "")
    assert engine.last("GET", "/containers/a/json").query == {"size": ["1"]}
    assert pier("inspect", "--type", "image", "a") == (
        1,
        "[]\n",
        "Error response from daemon: page not found: GET /images/a/json\n",
    )
    assert pier("inspect", "--type", "nonsense", "a")[0] == 1
    assert pier("inspect", "-s", "--type", "image", "a")[0] == 1


@pytest.mark.parametrize(
    ("argv", "path", "query"),
    [
        (["image", "inspect", "--platform", "linux/arm64", "h:5/x/y"], "/images/h:5/x/y/json", "platform"),
        (["network", "inspect", "-v", "n"], "/networks/n", "verbose"),
        (["volume", "inspect", "v"], "/volumes/v", None),
    ],
)
def test_each_noun(engine: HttpEngine, pier: Pier, argv: list[str], path: str, query: str | None) -> None:
    engine.answer("GET", path, {"K": 1})
    assert pier(*argv)[0] == 0
    assert list(engine.last("GET", path).query) == ([query] if query else [])


def test_what_one_kind_lacks_is_told_in_the_engine_s_words(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/a/json", {"message": "No such image: a:latest"}, 404)
    assert pier("inspect", "--type", "image", "a")[2] == "Error response from daemon: No such image: a:latest\n"


def test_templates(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/a/json", {"State": {"Status": "running"}})
    assert pier("inspect", "-f", "{{.State.Status}}{{if .State.Health}}!{{end}}", "a") == (0, "running\n", "")
    code, out, err = pier("inspect", "-f", "{{.Foo}}", "a")
    assert (code, out) == (1, "\n")
    assert err == 'template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"\n'
    assert pier("inspect", "-f", "{{.Foo", "a")[0] == 64


def test_platforms() -> None:
    assert json.loads(encode_platform("linux/arm/v7")) == {"architecture": "arm", "os": "linux", "variant": "v7"}
    assert encode_platform("") == ""
    with pytest.raises(CliError):
        encode_platform("linux")
