"""The routes, a module for each theme; `table()` is all of them, in the order of the README's table."""

from pier.api.router import Route


def table() -> tuple[Route, ...]:
    """Every endpoint of the Docker Engine API, built or not."""
    from pier.api.routes import (
        commit,
        containers,
        disk_usage,
        execs,
        explain,
        files,
        images,
        missing,
        monitoring,
        networks,
        plugins,
        registries,
        streams,
        swarm,
        system,
        volume_copies,
        volumes,
    )

    modules = (
        system,
        disk_usage,
        containers,
        files,
        commit,
        streams,
        monitoring,
        execs,
        images,
        registries,
        networks,
        explain,
        volumes,
        volume_copies,
        plugins,
        missing,
        swarm,
    )
    return tuple(route for module in modules for route in module.ROUTES)
