from pier.cli.container.failure import exit_code, refused


def test_codes_follow_the_text() -> None:
    assert exit_code("exec: no such file or directory") == 127
    assert exit_code('"x": Executable file not found in $PATH') == 127
    assert exit_code("permission denied") == 126
    assert exit_code("anything else") == 125


def test_a_refusal_points_to_help() -> None:
    error = refused("pier run", "no")
    assert (str(error), error.code) == ("pier: no\n\nRun 'pier run --help' for more information", 125)
