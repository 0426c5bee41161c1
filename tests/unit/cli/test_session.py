from pathlib import Path

import pytest

from pier.cli.errors import CliError
from pier.cli.session import Session


def test_hosts_in_order() -> None:
    both = {"PIER_HOST": "unix:///p", "DOCKER_HOST": "unix:///d"}
    assert Session("unix:///f", both).host == "unix:///f"
    assert Session("", both).host == "unix:///p"
    assert Session("", {"DOCKER_HOST": "unix:///d"}).host == "unix:///d"
    assert Session("", {}).host == "unix:///run/pier/pier.sock"


def test_configuration_is_found_where_docker_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"psFormat": "x"}')
    assert Session(environ={"DOCKER_CONFIG": str(tmp_path)}).configured_format("psFormat") == "x"
    assert Session(environ={}, config_dir=str(tmp_path)).configured_format("psFormat") == "x"
    assert Session(environ={}).config == {}
    assert Session(environ={"HOME": "/nonexistent"}).config == {}


def test_a_broken_configuration_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.json"
    path.write_text("{")
    assert Session(environ={}, config_dir=str(tmp_path)).config == {}
    assert capsys.readouterr().err.startswith(f"WARNING: Error parsing config file ({path}): ")
    with pytest.raises(CliError, match="is not valid JSON: "):
        Session(environ={}, config_dir=str(tmp_path)).read_config_to_change()
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").mkdir()
    with pytest.raises(CliError, match="cannot be read"):
        _ = Session(environ={}, config_dir=str(tmp_path)).config
