"""How many descriptors this process may have."""

import resource


def raise_limit() -> None:
    """As many as the host allows: a container on a network of the user's takes about ten, and a shell gives 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
