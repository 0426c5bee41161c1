import json
from typing import Any

import pytest

from pier.domain.container import Config, Healthcheck
from pier.domain.errors import InvalidArgument
from pier.oci.image_config import dump_config, load_config
from pier.oci.reading import Reader

FULL = {
    "User": "web",
    "ExposedPorts": {"80/tcp": {}},
    "Env": ["A=1"],
    "Entrypoint": ["/entry"],
    "Cmd": ["a", "b"],
    "Volumes": {"/data": {}},
    "WorkingDir": "/srv",
    "Labels": {"k": "v"},
    "StopSignal": "SIGQUIT",
    "ArgsEscaped": True,
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5, "Retries": 3},
    "OnBuild": ["RUN x"],
    "Shell": ["/bin/bash", "-c"],
}


def _load(document: Any) -> Config:
    return load_config(Reader.parse(json.dumps(document).encode(), "image config"))


def test_every_field_is_read_and_written_back() -> None:
    config = _load(FULL)
    assert config.healthcheck == Healthcheck(test=("CMD", "true"), interval=5, retries=3)
    assert config.exposed_ports == ("80/tcp",)
    assert dump_config(config) == FULL


def test_absent_and_null_fields_are_empty() -> None:
    assert _load({}) == _load({"Env": None, "Cmd": None, "Labels": None, "Healthcheck": None}) == Config()


def test_an_empty_list_is_kept_apart_from_none() -> None:
    assert _load({"Cmd": []}).cmd == ()
    assert _load({}).cmd is None


def test_only_what_is_set_is_written() -> None:
    assert dump_config(Config(hostname="box", tty=True)) == {}


@pytest.mark.parametrize("document", [{"Env": "A=1"}, {"Env": [1]}, {"User": 5}, {"Labels": {"a": 1}}, {"Volumes": []}])
def test_wrong_types_are_refused(document: Any) -> None:
    with pytest.raises(InvalidArgument, match="of the image config"):
        _load(document)
