import pytest

from pier.cli.render.template import GoTypes, TemplateFailure, compile_template
from pier.cli.render.template.typed import NIL

DATA = {
    "Name": "/web",
    "State": {"Status": "running", "Pid": 7, "Ok": True},
    "Args": ["a", "b", "c"],
    "Labels": {"com.x.y": "1", "b": "2"},
    "Empty": {},
    "Nothing": None,
    "Size": 1.5,
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{.Name}}", "/web"),
        ("{{.State.Status}} {{.State.Pid}} {{.State.Ok}}", "running 7 true"),
        ("{{.Args}} {{.Labels}} {{.Nothing}} {{.Size}}", "[a b c] map[b:2 com.x.y:1] <no value> 1.5"),
        ("{{json .State}}", '{"Status":"running","Pid":7,"Ok":true}'),
        ('{{index .Labels "com.x.y"}}', "1"),
        ('{{index .Labels "none"}}', "<no value>"),
        ("{{index .Args 1}}", "b"),
        ("{{range .Args}}<{{.}}>{{end}}", "<a><b><c>"),
        ("{{range $i, $a := .Args}}{{$i}}{{$a}}{{$.Name}} {{end}}", "0a/web 1b/web 2c/web "),
        ("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "b=2;com.x.y=1;"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ('{{range .Args}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', "ac"),
        ('{{range .Args}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', "a"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{with .State}}{{.Status}}{{end}}", "running"),
        ("{{with .Nothing}}x{{else}}y{{end}}", "y"),
        ("{{with $s := .State}}{{$s.Pid}}{{end}}", "7"),
        ("{{if .State.Ok}}a{{else if .Name}}b{{else}}c{{end}}", "a"),
        ("{{if .Nothing}}a{{else if .Name}}b{{else}}c{{end}}", "b"),
        ("{{if .Nothing}}a{{else if .Empty}}b{{else}}c{{end}}", "c"),
        ("{{$x := 1}}{{if .Name}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ('{{.Name | upper | printf "%-6s|"}}', "/WEB  |"),
        ("{{(index .Args 0)}}{{(.State).Pid}}", "a7"),
        ("{{not .Nothing}} {{and .Name .Nothing}} {{or .Nothing .Name}}", "true <no value> /web"),
        ("{{or .Name (index .Args 99)}}", "/web"),
        ("{{gt .State.Pid 5}} {{lt 1 2}} {{ge 2 2}} {{le 3 2}} {{ne 1 2}}", "true true true false true"),
    ],
)
def test_rendering(source: str, text: str) -> None:
    assert compile_template(source).render(DATA) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{.Foo}}", 'executing "" at <.Foo>: map has no entry for key "Foo"'),
        ("{{.State.Foo.Bar}}", 'at <.State.Foo.Bar>: map has no entry for key "Foo"'),
        ("{{.Name.Foo}}", "can't evaluate field Foo in type string"),
        ("{{.Nothing.Foo}}", "nil pointer evaluating interface {}.Foo"),
        ("{{json}}", "wrong number of args for json: want 1 got 0"),
        ("{{index .Args 9}}", "index out of range: 9"),
        ("{{$y}}", "undefined variable '$y'"),
        ("{{range .Name}}{{end}}", "range can't iterate over /web"),
        ("{{.Name 1}}", "is not a method but has arguments"),
        ("{{upper 1 2}}", "executing"),
    ],
)
def test_templates_that_do_not_fit(source: str, reason: str) -> None:
    with pytest.raises(TemplateFailure) as caught:
        compile_template(source).render(DATA)
    assert reason in str(caught.value)
    assert caught.value.code == 1


TYPES = GoTypes(frozenset({"Labels"}), frozenset({"Cmd"}), {"Health": NIL}, {"ID": "Id"})


def test_optional_keys_count_as_nil() -> None:
    template = compile_template("{{if .Health}}{{.Health.Status}}{{else}}none{{end}}")
    assert template.render({}, TYPES) == "none"
    assert template.render({"Health": {"Status": "healthy"}}, TYPES) == "healthy"
    with pytest.raises(TemplateFailure, match="nil pointer"):
        compile_template("{{.Health.Status}}").render({}, TYPES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{.ID}} {{.Id}}", "1 1"),
        ("{{.Labels.a}} {{.Labels.b}}", "x <no value>"),
        ('{{index .Labels "a"}}|{{index .Labels "b"}}', "x|"),
        ("{{.Other.Labels}} {{.Other.Cmd}} {{.Other.Pointer}}", "map[] [] <nil>"),
        ("{{json .Other}} {{len .Other.Cmd}}", '{"Labels":null,"Cmd":null,"Pointer":null} 0'),
        ("{{.Other.Labels.a}}{{range .Other.Cmd}}x{{else}}-{{end}}{{range .Other.Pointer}}x{{end}}", "<no value>-"),
    ],
)
def test_go_s_types_tell_what_a_null_is(source: str, text: str) -> None:
    data = {"Id": 1, "Labels": {"a": "x"}, "Other": {"Labels": None, "Cmd": None, "Pointer": None}}
    assert compile_template(source).render(data, TYPES) == text
