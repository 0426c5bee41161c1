"""How a container's configuration and its image's become one, by Docker's rules."""

from dataclasses import replace

from pier.domain.container import Config, Healthcheck

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def merge_config(user: Config, image: Config) -> Config:
    """What the user left open comes from the image; lists are joined, the user's part wins by key.

    A given entrypoint without a command drops the image's command: its arguments were meant for another program.
    """
    cmd, entrypoint, escaped = user.cmd, user.entrypoint, user.args_escaped
    if not entrypoint:
        if not cmd:
            cmd, escaped = image.cmd, image.args_escaped
        if entrypoint is None:
            entrypoint = image.entrypoint
    if entrypoint == ("",):
        entrypoint = None
    return replace(
        user,
        cmd=cmd,
        entrypoint=entrypoint,
        args_escaped=escaped,
        user=user.user or image.user,
        env=merge_env(user.env, image.env),
        working_dir=user.working_dir or image.working_dir,
        exposed_ports=_union(user.exposed_ports, image.exposed_ports),
        volumes=_union(user.volumes, image.volumes),
        labels={**image.labels, **user.labels},
        healthcheck=_merge_healthcheck(user.healthcheck, image.healthcheck),
        stop_signal=user.stop_signal or image.stop_signal,
        stop_timeout=user.stop_timeout if user.stop_timeout is not None else image.stop_timeout,
    )


def merge_env(user: tuple[str, ...], image: tuple[str, ...]) -> tuple[str, ...]:
    """The user's variables, then the image's that the user did not set, then a PATH if there is none."""
    named = {variable.partition("=")[0] for variable in user}
    merged = (*user, *(variable for variable in image if variable.partition("=")[0] not in named))
    has_path = any(variable.partition("=")[0] == "PATH" for variable in merged)
    return merged if has_path else (*merged, DEFAULT_PATH)


def command_line(config: Config) -> tuple[str, ...]:
    """Entrypoint and command put together: the program and its arguments; empty when there is neither."""
    return (*(config.entrypoint or ()), *(config.cmd or ()))


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _merge_healthcheck(user: Healthcheck | None, image: Healthcheck | None) -> Healthcheck | None:
    if user is None or image is None:
        return user or image
    return Healthcheck(
        test=user.test or image.test,
        interval=user.interval or image.interval,
        timeout=user.timeout or image.timeout,
        start_period=user.start_period or image.start_period,
        start_interval=user.start_interval or image.start_interval,
        retries=user.retries or image.retries,
    )
