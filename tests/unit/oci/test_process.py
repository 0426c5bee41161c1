from typing import Any

from pier.domain.container import Config, Container, ExecConfig, HostConfig
from pier.domain.resources import Resources, Ulimit
from pier.domain.runtime import HostFacts, ProcessUser
from pier.oci.capabilities import ALL_CAPABILITIES, DEFAULT_CAPABILITIES
from pier.oci.inputs import SpecInputs
from pier.oci.process import exec_process, init_process

FACTS = HostFacts(capabilities=frozenset(ALL_CAPABILITIES) - {"CAP_SYS_RESOURCE"}, min_oom_score_adj=0)
USER = ProcessUser(uid=1000, gid=1000, additional_gids=(1000, 29), home="/home/web")


def _container(config: Config | None = None, host_config: HostConfig | None = None) -> Container:
    return Container(
        id="a" * 64,
        name="x",
        created_at=0,
        image_ref="",
        image_id="",
        config=config or Config(hostname="box"),
        host_config=host_config or HostConfig(),
        path="/bin/app",
        args=("--flag",),
    )


def _init(container: Container, **more: Any) -> tuple[dict[str, Any], list[str]]:
    warnings: list[str] = []
    given: dict[str, Any] = {"facts": FACTS, "hostname": "box", **more}
    return init_process(SpecInputs(container=container, **given), warnings), warnings


def test_program_and_arguments_in_the_root_directory_as_root() -> None:
    process, warnings = _init(_container())
    assert process["args"] == ["/bin/app", "--flag"]
    assert (process["cwd"], process["user"], process["terminal"]) == ("/", {"uid": 0, "gid": 0}, False)
    assert "HOSTNAME=box" in process["env"]
    assert process["noNewPrivileges"] is False
    assert "rlimits" not in process
    assert warnings == []


def test_root_holds_the_default_capabilities_and_none_is_inheritable() -> None:
    sets = _init(_container())[0]["capabilities"]
    assert set(sets) == {"bounding", "effective", "permitted"}
    assert all(set(names) == set(DEFAULT_CAPABILITIES) for names in sets.values())


def test_others_have_only_a_bounding_set_and_their_own_home() -> None:
    process, _ = _init(_container(), user=USER)
    assert list(process["capabilities"]) == ["bounding"]
    assert process["user"] == {"uid": 1000, "gid": 1000, "additionalGids": [1000, 29]}
    assert "HOME=/home/web" in process["env"]


def test_privileged_gets_what_there_is_and_says_what_is_missing() -> None:
    process, warnings = _init(_container(host_config=HostConfig(privileged=True)))
    assert len(process["capabilities"]["bounding"]) == 40
    assert "CAP_SYS_RESOURCE" in warnings[0]


def test_oom_score_is_raised_to_what_the_host_allows() -> None:
    process, warnings = _init(_container(host_config=HostConfig(oom_score_adj=-500)))
    assert process["oomScoreAdj"] == 0
    assert "-500" in warnings[0]
    assert _init(_container(host_config=HostConfig(oom_score_adj=300)))[0]["oomScoreAdj"] == 300


def test_terminal_with_its_size() -> None:
    container = _container(Config(tty=True), HostConfig(console_size=(24, 80)))
    process, _ = _init(container)
    assert process["terminal"] is True
    assert process["consoleSize"] == {"height": 24, "width": 80}
    assert "consoleSize" not in _init(_container(Config(tty=True)))[0]


def test_init_binary_goes_in_front() -> None:
    process, _ = _init(_container(), init_binary="/usr/bin/tini")
    assert process["args"] == ["/sbin/docker-init", "--", "/bin/app", "--flag"]


def test_exec_runs_in_the_containers_confinement_with_its_own_environment() -> None:
    container = _container(
        Config(hostname="box", env=("A=1", "B=1"), working_dir="/srv", tty=True),
        HostConfig(
            cap_drop=("ALL",),
            cap_add=("KILL",),
            security_opt=("no-new-privileges",),
            resources=Resources(ulimits=(Ulimit(name="core", soft=0, hard=0),)),
        ),
    )
    process: Any = exec_process(container, ExecConfig(cmd=("ls", "-l"), env=("B=2",)), ProcessUser(), FACTS)
    assert (process["args"], process["cwd"]) == (["ls", "-l"], "/srv")
    assert {"A=1", "B=2", "HOSTNAME=box"} <= set(process["env"])
    assert not any(entry.startswith("TERM=") for entry in process["env"])
    assert process["capabilities"]["effective"] == ["CAP_KILL"]
    assert process["noNewPrivileges"] is True
    assert process["rlimits"] == [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
    assert process["terminal"] is False


def test_exec_with_terminal_directory_and_privileges_of_its_own() -> None:
    config = ExecConfig(cmd=("sh",), tty=True, working_dir="/tmp", privileged=True, console_size=(10, 20))
    process: Any = exec_process(_container(), config, ProcessUser(), FACTS)
    assert "TERM=xterm" in process["env"]
    assert process["cwd"] == "/tmp"
    assert process["consoleSize"] == {"height": 10, "width": 20}
    assert len(process["capabilities"]["effective"]) == 40
