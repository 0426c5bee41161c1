"""What the engine's configuration gives to containers, and how it shows in what is run."""

from typing import Any

from fakes.world import World

from pier.config import Config as Settings
from pier.config import UlimitSetting
from pier.domain.container import Config, Container, HostConfig
from pier.engine.containers.defaults import default_ulimits, with_defaults

PROFILE = '{"defaultAction": "SCMP_ACT_ALLOW"}'
SETTINGS = Settings(
    dns=("9.9.9.9",),
    dns_opts=("ndots:3",),
    dns_search=("example.org",),
    init=True,
    no_new_privileges=True,
    seccomp_profile="/p.json",
    seccomp_profile_text=PROFILE,
    default_ulimits=(UlimitSetting(name="nofile", soft=10, hard=20),),
)


def container(**host: Any) -> Container:
    return Container(
        id="1" * 64,
        name="web",
        created_at=0,
        image_ref="x",
        image_id="y",
        config=Config(),
        host_config=HostConfig(**host),
    )


def test_what_a_container_leaves_open_the_engine_fills_in() -> None:
    host = with_defaults(container(), SETTINGS).host_config
    assert (host.dns, host.dns_options, host.dns_search) == (("9.9.9.9",), ("ndots:3",), ("example.org",))
    assert host.init
    assert host.security_opt == ("no-new-privileges", f"seccomp={PROFILE}")


def test_what_a_container_says_stands() -> None:
    asked = container(
        dns=("1.1.1.1",), init=False, security_opt=("no-new-privileges=false", "seccomp=builtin"), dns_search=(".",)
    )
    host = with_defaults(asked, SETTINGS).host_config
    assert (host.dns, host.init, host.dns_search) == (("1.1.1.1",), False, (".",))
    assert host.security_opt == asked.host_config.security_opt


def test_a_privileged_container_has_no_profile() -> None:
    assert with_defaults(container(privileged=True), SETTINGS).host_config.security_opt == ("no-new-privileges",)


def test_no_filter_at_all() -> None:
    unconfined = Settings(seccomp_profile="unconfined")
    assert with_defaults(container(), unconfined).host_config.security_opt == ("seccomp=unconfined",)


async def test_they_hold_at_every_start_and_inspect_shows_what_was_asked_for(world: World) -> None:
    world.settings = {"no_new_privileges": True, "default_ulimits": SETTINGS.default_ulimits, "dns": ("9.9.9.9",)}
    await world.restart()
    await world.run("web")
    process = world.containerd.state.containers[world.container("web").id].spec["process"]
    assert isinstance(process, dict)
    assert process["noNewPrivileges"] is True
    assert process["rlimits"] == [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 20}]
    asked = world.container("web").host_config
    assert (asked.security_opt, asked.dns) == ((), ())


def test_ulimits_are_the_domains() -> None:
    (limit,) = default_ulimits(SETTINGS)
    assert (limit.name, limit.soft, limit.hard) == ("nofile", 10, 20)
