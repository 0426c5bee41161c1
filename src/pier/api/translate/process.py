"""A container's `Config`: what runs."""

from collections.abc import Mapping, Sequence

from pier.domain.container import Config, Healthcheck
from pier.wire.container import ContainerConfig, HealthConfig
from pier.wire.shape import UNSET, Maybe


def load_config(given: ContainerConfig) -> Config:
    """What the user left out is empty, so that the image's value can take its place."""
    stop_timeout = given.stop_timeout
    return Config(
        image=given.image or "",
        hostname=given.hostname or "",
        domainname=given.domainname or "",
        user=given.user or "",
        attach_stdin=bool(given.attach_stdin),
        attach_stdout=bool(given.attach_stdout),
        attach_stderr=bool(given.attach_stderr),
        tty=bool(given.tty),
        open_stdin=bool(given.open_stdin),
        stdin_once=bool(given.stdin_once),
        env=tuple(given.env or ()),
        cmd=load_words(given.cmd),
        entrypoint=load_words(given.entrypoint),
        args_escaped=bool(given.args_escaped),
        shell=load_words(given.shell) or None,
        working_dir=given.working_dir or "",
        exposed_ports=tuple(given.exposed_ports or ()),
        volumes=tuple(given.volumes or ()),
        labels=dict(given.labels or {}),
        healthcheck=load_healthcheck(given.healthcheck) if given.healthcheck else None,
        network_disabled=bool(given.network_disabled),
        mac_address=given.mac_address or "",
        on_build=tuple(given.on_build) if given.on_build else None,
        stop_signal=given.stop_signal or "",
        stop_timeout=None if stop_timeout is UNSET else stop_timeout,
    )


def load_words(given: Maybe[str | list[str]]) -> tuple[str, ...] | None:
    """A command: a string is one word, null and absent are None, an empty list stays one."""
    if given is UNSET or given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(given)


def load_healthcheck(given: HealthConfig) -> Healthcheck:
    return Healthcheck(
        test=tuple(given.test or ()),
        interval=given.interval or 0,
        timeout=given.timeout or 0,
        start_period=given.start_period or 0,
        start_interval=given.start_interval or 0,
        retries=given.retries or 0,
    )


def describe_config(config: Config) -> ContainerConfig:
    """As inspect shows a container's."""
    return ContainerConfig(
        hostname=config.hostname,
        domainname=config.domainname,
        user=config.user,
        attach_stdin=config.attach_stdin,
        attach_stdout=config.attach_stdout,
        attach_stderr=config.attach_stderr,
        exposed_ports=dict.fromkeys(config.exposed_ports, _NOTHING) if config.exposed_ports else UNSET,
        tty=config.tty,
        open_stdin=config.open_stdin,
        stdin_once=config.stdin_once,
        env=listed(config.env),
        cmd=words(config.cmd),
        healthcheck=describe_healthcheck(config.healthcheck) if config.healthcheck else UNSET,
        args_escaped=config.args_escaped or UNSET,
        image=config.image,
        volumes=dict.fromkeys(config.volumes, _NOTHING) or None,
        working_dir=config.working_dir,
        entrypoint=words(config.entrypoint),
        network_disabled=config.network_disabled or UNSET,
        mac_address=config.mac_address or UNSET,
        on_build=listed(config.on_build),
        labels=dict(config.labels),
        stop_signal=config.stop_signal or UNSET,
        stop_timeout=UNSET if config.stop_timeout is None else config.stop_timeout,
        shell=list(config.shell) if config.shell else UNSET,
    )


def describe_image_config(config: Config) -> ContainerConfig:
    """As image inspect shows it from 1.50 on: without the keys that only a container has."""
    whole = describe_config(config)
    return ContainerConfig(
        exposed_ports=whole.exposed_ports,
        user=whole.user,
        env=whole.env,
        cmd=whole.cmd,
        healthcheck=whole.healthcheck,
        args_escaped=whole.args_escaped,
        volumes=whole.volumes,
        working_dir=whole.working_dir,
        entrypoint=whole.entrypoint,
        on_build=whole.on_build,
        labels=mapped(config.labels),
        stop_signal=whole.stop_signal,
        shell=whole.shell,
    )


def describe_healthcheck(check: Healthcheck) -> HealthConfig:
    return HealthConfig(
        test=list(check.test) if check.test else UNSET,
        interval=check.interval or UNSET,
        timeout=check.timeout or UNSET,
        start_period=check.start_period or UNSET,
        start_interval=check.start_interval or UNSET,
        retries=check.retries or UNSET,
    )


_NOTHING: dict[str, object] = {}


def listed(values: Sequence[str] | None) -> list[str] | None:
    """Go writes an empty list that nobody set as null."""
    return list(values) if values else None


def words(values: Sequence[str] | None) -> list[str] | None:
    """A command: an empty one that was given is no null."""
    return None if values is None else list(values)


def mapped(values: Mapping[str, str]) -> dict[str, str] | None:
    return dict(values) if values else None
