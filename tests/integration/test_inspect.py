"""`inspect`, `version`, `info` and what lists show."""

import json
import re
import time

import pytest
from support.cli import Cli
from support.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.containerd]

NEVER = "0001-01-01T00:00:00Z"


def test_inspect_prints_one_json_list_with_the_container(cli: Cli, image: str) -> None:
    container_id = cli.out("run", "-d", "--name", "seen", image, "sleep", "100")
    (facts,) = json.loads(cli.out("container", "inspect", "seen"))
    assert (facts["Id"], facts["Name"]) == (container_id, "/seen")
    assert (facts["Path"], facts["Args"]) == ("sleep", ["100"])
    assert (facts["State"]["Status"], facts["State"]["Running"]) == ("running", True)
    assert facts["State"]["Pid"] > 1
    assert facts["State"]["FinishedAt"] == NEVER
    assert facts["Config"]["Image"] == image
    assert facts["Image"].startswith("sha256:")


def test_inspect_takes_a_format(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "seen", "--label", "a=b", "-e", "K=V", image, "sleep", "100")
    template = '{{.Name}} {{.State.Status}} {{json .Config.Cmd}} {{index .Config.Labels "a"}}'
    assert cli.out("inspect", "--format", template, "seen") == '/seen running ["sleep","100"] b'
    loop = "{{range .Config.Env}}{{println .}}{{end}}"
    assert "K=V" in cli.out("inspect", "-f", loop, "seen").splitlines()


def test_inspect_of_a_container_that_was_never_started(engine: Engine, image: str) -> None:
    engine.docker("create", "--name", "new", "-p", "80", image, "true").check()
    facts = engine.call("GET", "/containers/new/json").json()
    state = facts["State"]
    assert (state["Status"], state["Pid"], state["StartedAt"], state["FinishedAt"]) == ("created", 0, NEVER, NEVER)
    assert facts["NetworkSettings"]["Ports"] == {}
    assert facts["RestartCount"] == 0


def test_host_config_is_filled_in_with_the_defaults(engine: Engine, image: str) -> None:
    made = engine.call("POST", "/containers/create", {"Image": image})
    assert made.status == 201
    facts = engine.call("GET", f"/containers/{made.json()['Id']}/json").json()
    assert facts["Config"]["Hostname"] == facts["Id"][:12]
    assert facts["Config"]["Labels"] == {}
    host = facts["HostConfig"]
    assert host["NetworkMode"] == "bridge"
    assert host["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert host["LogConfig"] == {"Type": "json-file", "Config": {}}
    assert (host["IpcMode"], host["ShmSize"], host["Runtime"]) == ("private", 67108864, "runc")
    assert host["ConsoleSize"] == [0, 0]
    assert "/proc/kcore" in host["MaskedPaths"]
    assert "/proc/sysrq-trigger" in host["ReadonlyPaths"]


def test_a_stopped_container_keeps_its_code_and_times_and_loses_its_address(engine: Engine, image: str) -> None:
    engine.docker("run", "--name", "over", image, "sh", "-c", "exit 3")
    facts = engine.call("GET", "/containers/over/json").json()
    assert (facts["State"]["ExitCode"], facts["State"]["Pid"]) == (3, 0)
    assert facts["State"]["StartedAt"] < facts["State"]["FinishedAt"]
    assert facts["NetworkSettings"]["IPAddress"] == ""
    assert facts["NetworkSettings"]["Networks"]["bridge"]["NetworkID"] != ""


def test_list_item_has_what_clients_read(engine: Engine, image: str) -> None:
    started = int(time.time())
    container_id = engine.docker("run", "-d", "--name", "row", "-l", "k=v", image, "sleep", "100").check().last
    (row,) = engine.call("GET", "/containers/json").json()
    assert (row["Id"], row["Names"], row["Image"]) == (container_id, ["/row"], image)
    assert (row["Command"], row["State"], row["Labels"]) == ("sleep 100", "running", {"k": "v"})
    assert abs(row["Created"] - started) < 30
    assert re.fullmatch(r"Up .*", row["Status"])
    assert row["HostConfig"]["NetworkMode"] == "bridge"
    assert row["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]


def test_short_ids_and_names_find_it_and_names_win(cli: Cli, image: str) -> None:
    container_id = cli.out("run", "-d", "--name", "found", image, "sleep", "100")
    for ref in (container_id, container_id[:12], container_id[:5], "found"):
        assert cli.out("inspect", "-f", "{{.Id}}", ref) == container_id
    other = cli.out("run", "-d", "--name", container_id[:6], image, "sleep", "100")
    assert cli.out("inspect", "-f", "{{.Id}}", container_id[:6]) == other


def test_filters_choose(cli: Cli, image: str) -> None:
    cli.out("run", "-d", "--name", "red-one", "-l", "colour=red", image, "sleep", "100")
    cli.out("run", "-d", "--name", "blue-one", "-l", "colour=blue", image, "sleep", "100")
    cli("run", "--name", "red-two", "-l", "colour=red", image, "sh", "-c", "exit 2")
    listed = ["ps", "-a", "--format", "{{.Names}}", "--filter"]
    assert cli.out(*listed, "label=colour=red").split() == ["red-two", "red-one"]
    assert cli.out(*listed, "status=exited").split() == ["red-two"]
    assert cli.out(*listed, "exited=2").split() == ["red-two"]
    assert cli.out(*listed, "name=one").split() == ["blue-one", "red-one"]
    assert cli.out("ps", "--last", "1", "-q") != ""


def test_version_names_both_sides(cli: Cli) -> None:
    text = cli.out("version")
    assert "Client" in text
    assert "Server" in text
    assert cli.out("version", "--format", "{{.Server.APIVersion}}") == "1.51"


def test_info_tells_of_host_and_engine(cli: Cli, engine: Engine) -> None:
    assert cli.out("info", "--format", "{{.Driver}} {{.OSType}} {{.CgroupVersion}}").startswith("overlayfs linux ")
    facts = engine.call("GET", "/info").json()
    assert facts["DockerRootDir"] == str(engine.data_root)
    assert facts["Containers"] == len(engine.container_ids())
    assert any(option.startswith("name=seccomp") for option in facts["SecurityOptions"])


def test_image_inspect_and_ls_name_the_test_image(cli: Cli, image: str) -> None:
    (facts,) = json.loads(cli.out("image", "inspect", image))
    assert image in facts["RepoTags"]
    listed = cli.out("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").splitlines()
    assert f"{image} {facts['Id']}" in listed
