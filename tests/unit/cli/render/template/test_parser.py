import pytest

from pier.cli.errors import CliError
from pier.cli.render.template.parser import compile_template


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{.A", "unclosed action"),
        ("{{foo}}", 'function "foo" not defined'),
        ("{{if .A}}x", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{if .A}}{{else}}{{else}}{{end}}", "unexpected EOF"),
        ("{{(.A}}", "unclosed left paren"),
        ("{{.A |}}", "missing value for command"),
        ("{{}}", "missing value for command"),
        ('{{"x}}', "unterminated quoted string"),
        ("{{.A ? }}", "unexpected '?' in action"),
        ("{{define}}{{end}}", "{{define}} is not supported"),
        ("{{.A )}}", "unexpected ')' in command"),
        ("{{, .A}}", "unexpected ',' in operand"),
    ],
)
def test_wrong_templates_are_refused_with_go_s_words(source: str, reason: str) -> None:
    with pytest.raises(CliError) as caught:
        compile_template(source)
    assert (str(caught.value), caught.value.code) == (f"template parsing error: template: :1: {reason}", 64)


def test_the_failure_and_the_code_are_the_caller_s() -> None:
    with pytest.raises(CliError, match=r"^failed to parse template: ") as caught:
        compile_template("{{", "failed to parse template", 1)
    assert caught.value.code == 1
