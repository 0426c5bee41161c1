"""Restart policies: whether a container that ended runs again, and when."""

from pier.domain.container import Container

MIN_BACKOFF = 100_000_000  # ns; doubles with each try
MAX_BACKOFF = 60_000_000_000
STABLE_AFTER = 10_000_000_000  # a run of this length starts the back-off anew


def should_restart(container: Container, exit_code: int) -> bool:
    """By the policy, unless the user has stopped it."""
    if container.state.stopped_by_user:
        return False
    policy = container.host_config.restart_policy
    match policy.name:
        case "always" | "unless-stopped":
            return True
        case "on-failure":
            limit = policy.maximum_retry_count
            return exit_code != 0 and (limit == 0 or container.restart_count < limit)
        case _:
            return False


def comes_up_with_engine(container: Container) -> bool:
    """Whether a stopped container starts with the engine; one that was never started does not, as with dockerd."""
    if not container.state.started_at:
        return False
    policy = container.host_config.restart_policy.name
    return policy == "always" or (policy == "unless-stopped" and not container.state.stopped_by_user)


def needed_by(container: Container) -> set[str]:
    """The ids of those that must run before it can: whose namespaces it shares, and to whom it is linked."""
    host = container.host_config
    shared = {mode.partition(":")[2] for mode in (host.network_mode, host.ipc_mode, host.pid_mode) if ":" in mode}
    return shared | {link.container_id for link in container.links}


def next_backoff(container: Container, ended_at: int) -> int:
    """How long to wait before the next run, in ns."""
    state = container.state
    if not state.backoff or ended_at - state.started_at >= STABLE_AFTER:
        return MIN_BACKOFF
    return min(2 * state.backoff, MAX_BACKOFF)
