"""Docker's rules for joining a user's configuration with the image's."""

from pier.domain.container import Config, Healthcheck
from pier.engine.containers.merge import DEFAULT_PATH, command_line, merge_config

IMAGE = Config(
    cmd=("serve",),
    entrypoint=("/init",),
    env=("PATH=/bin", "A=image", "B=image"),
    user="app",
    working_dir="/srv",
    exposed_ports=("80/tcp",),
    volumes=("/data",),
    labels={"a": "image", "b": "image"},
    healthcheck=Healthcheck(test=("CMD", "ok"), interval=5, retries=2),
    stop_signal="SIGQUIT",
)


def test_what_is_left_open_comes_from_the_image() -> None:
    merged = merge_config(Config(image="x"), IMAGE)
    assert command_line(merged) == ("/init", "serve")
    assert (merged.user, merged.working_dir, merged.stop_signal) == ("app", "/srv", "SIGQUIT")
    assert (merged.exposed_ports, merged.volumes) == (("80/tcp",), ("/data",))


def test_a_command_keeps_the_entrypoint_and_an_entrypoint_drops_the_command() -> None:
    assert command_line(merge_config(Config(cmd=("x",)), IMAGE)) == ("/init", "x")
    assert command_line(merge_config(Config(entrypoint=("/sh",)), IMAGE)) == ("/sh",)


def test_an_empty_entrypoint_takes_the_images_away() -> None:
    assert command_line(merge_config(Config(entrypoint=("",), cmd=("x",)), IMAGE)) == ("x",)


def test_env_and_labels_are_merged_by_key() -> None:
    merged = merge_config(Config(env=("A=user",), labels={"a": "user"}), IMAGE)
    assert merged.env == ("A=user", "PATH=/bin", "B=image")
    assert merged.labels == {"a": "user", "b": "image"}


def test_a_path_is_added_where_nobody_sets_one() -> None:
    assert merge_config(Config(), Config()).env == (DEFAULT_PATH,)
    assert merge_config(Config(env=("PATH=",)), Config()).env == ("PATH=",)


def test_a_healthcheck_is_filled_up_from_the_image() -> None:
    check = merge_config(Config(healthcheck=Healthcheck(interval=9)), IMAGE).healthcheck
    assert check == Healthcheck(test=("CMD", "ok"), interval=9, retries=2)
