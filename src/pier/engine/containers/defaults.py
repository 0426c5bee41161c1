"""What the engine's configuration gives to containers that do not say otherwise; looked up at each start.

The record keeps what the user asked for, so inspect shows that, and a start after a change of the configuration takes
the new values, as with dockerd.
"""

from dataclasses import replace

from pier.config import Config
from pier.domain.container import Container
from pier.domain.resources import Ulimit
from pier.oci.security import UNCONFINED


def with_defaults(container: Container, config: Config) -> Container:
    """The container as it is run: with the engine's DNS settings, init and security options where it has none."""
    host = container.host_config
    return replace(
        container,
        host_config=replace(
            host,
            dns=host.dns or config.dns,
            dns_options=host.dns_options or config.dns_opts,
            dns_search=host.dns_search or config.dns_search,
            init=config.init if host.init is None else host.init,
            security_opt=(*host.security_opt, *_security(container, config)),
        ),
    )


def _security(container: Container, config: Config) -> list[str]:
    named = {option.partition("=")[0].partition(":")[0] for option in container.host_config.security_opt}
    added = []
    if config.no_new_privileges and "no-new-privileges" not in named:
        added.append("no-new-privileges")
    if config.seccomp_profile and "seccomp" not in named and not container.host_config.privileged:
        profile = UNCONFINED if config.seccomp_profile == UNCONFINED else config.seccomp_profile_text
        added.append(f"seccomp={profile}")
    return added


def default_ulimits(config: Config) -> tuple[Ulimit, ...]:
    """The limits of processes that have none of that name."""
    return tuple(Ulimit(name=item.name, soft=item.soft, hard=item.hard) for item in config.default_ulimits)
