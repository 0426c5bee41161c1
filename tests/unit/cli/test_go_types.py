from pier.cli.go_types import API_TYPES
from pier.cli.render.template import compile_template

CONTAINER = {
    "Id": "c1",
    "Config": {"Labels": None, "Cmd": ["a"], "Entrypoint": None},
    "HostConfig": {"NanoCpus": 5, "Binds": None, "Dns": ["1.1.1.1"]},
}


def shown(source: str) -> str:
    return compile_template(source).render(CONTAINER, API_TYPES)


def test_go_s_names_stand_beside_the_api_s_keys() -> None:
    assert shown("{{.ID}} {{.Id}} {{.HostConfig.NanoCPUs}} {{.HostConfig.NanoCpus}} {{.HostConfig.DNS}}") == (
        "c1 c1 5 5 [1.1.1.1]"
    )


def test_absent_and_null_keys_have_their_zero_value() -> None:
    assert shown("{{.Config.Labels}} {{.Config.Entrypoint}} {{.HostConfig.Binds}} {{.Config.Healthcheck}}") == (
        "map[] [] [] <nil>"
    )
    assert shown("[{{.Config.StopSignal}}] {{.Mounts}} {{.HostConfig.Sysctls}}") == "[] [] map[]"
