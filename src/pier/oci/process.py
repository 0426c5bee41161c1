"""The process of a container and of an exec in it (OCI runtime-spec, "Process")."""

from collections.abc import Sequence

from pier.domain.container import Container, ExecConfig
from pier.domain.resources import Ulimit
from pier.domain.runtime import HostFacts, ProcessUser
from pier.oci.capabilities import ALL_CAPABILITIES, granted_capabilities, wanted_capabilities
from pier.oci.environment import process_environment
from pier.oci.inputs import Document, SpecInputs
from pier.oci.mounts import INIT_PATH
from pier.oci.resources import rlimit_documents
from pier.oci.security import apparmor_profile, parse_security_options


def init_process(inputs: SpecInputs, warnings: list[str]) -> Document:
    """`process` of a spec: the container's program, behind the init binary where there is one."""
    container = inputs.container
    program = [container.path, *container.args]
    return _process(
        container,
        inputs.user,
        inputs.facts,
        warnings,
        args=[INIT_PATH, "--", *program] if inputs.init_binary else program,
        env=process_environment(
            container.config.env,
            hostname=inputs.hostname,
            home=inputs.user.home,
            tty=container.config.tty,
            links=inputs.extra_env,
        ),
        cwd=container.config.working_dir or "/",
        tty=container.config.tty,
        console_size=container.host_config.console_size,
        capabilities=container_capabilities(container, inputs.facts, warnings),
        default_ulimits=inputs.default_ulimits,
    )


def exec_process(
    container: Container,
    exec_config: ExecConfig,
    user: ProcessUser,
    facts: HostFacts,
    *,
    hostname: str = "",
    extra_env: Sequence[str] = (),
    default_ulimits: Sequence[Ulimit] = (),
) -> Document:
    """The document that containerd takes for an exec: the container's confinement, unless it is privileged."""
    warnings: list[str] = []  # the container's create has shown them already
    capabilities = container_capabilities(container, facts, warnings)
    if exec_config.privileged:
        capabilities, _ = granted_capabilities(ALL_CAPABILITIES, facts.capabilities)
    return _process(
        container,
        user,
        facts,
        warnings,
        args=list(exec_config.cmd),
        env=process_environment(
            container.config.env,
            hostname=hostname or container.config.hostname,
            home=user.home,
            tty=exec_config.tty,
            links=extra_env,
            exec_env=exec_config.env,
        ),
        cwd=exec_config.working_dir or container.config.working_dir or "/",
        tty=exec_config.tty,
        console_size=exec_config.console_size or (0, 0),
        capabilities=capabilities,
        default_ulimits=default_ulimits,
    )


def container_capabilities(container: Container, facts: HostFacts, warnings: list[str]) -> tuple[str, ...]:
    """What the container may have at most: the wanted set, cut to what containerd itself may give away."""
    host_config = container.host_config
    wanted = wanted_capabilities(host_config.cap_add, host_config.cap_drop, privileged=host_config.privileged)
    granted, missing = granted_capabilities(wanted, facts.capabilities)
    if missing:
        warnings.append(f"capabilities left out, containerd itself may not give them: {', '.join(missing)}")
    return granted


def _process(
    container: Container,
    user: ProcessUser,
    facts: HostFacts,
    warnings: list[str],
    *,
    args: list[str],
    env: list[str],
    cwd: str,
    tty: bool,
    console_size: tuple[int, int],
    capabilities: Sequence[str],
    default_ulimits: Sequence[Ulimit],
) -> Document:
    host_config = container.host_config
    options = parse_security_options(host_config.security_opt)
    process: Document = {
        "terminal": tty,
        "user": _user(user),
        "args": args,
        "env": env,
        "cwd": cwd,
        "capabilities": _capability_sets(user, capabilities),
        "noNewPrivileges": options.no_new_privileges,
        "oomScoreAdj": _oom_score_adj(host_config.oom_score_adj, facts, warnings),
    }
    if tty and all(console_size):
        process["consoleSize"] = {"height": console_size[0], "width": console_size[1]}
    rlimits = rlimit_documents(host_config.resources.ulimits, default_ulimits, facts, warnings)
    if rlimits:
        process["rlimits"] = rlimits
    profile = apparmor_profile(host_config, facts, warnings)
    return process | ({"apparmorProfile": profile} if profile else {})


def _user(user: ProcessUser) -> Document:
    document: Document = {"uid": user.uid, "gid": user.gid}
    return document | ({"additionalGids": list(user.additional_gids)} if user.additional_gids else {})


def _capability_sets(user: ProcessUser, capabilities: Sequence[str]) -> Document:
    """Nothing inheritable or ambient; for others than root only the bounding set, as execve(2) leaves it anyway."""
    names = list(capabilities)
    if user.uid != 0:
        return {"bounding": names}
    return {"bounding": names, "effective": names, "permitted": names}


def _oom_score_adj(wanted: int, facts: HostFacts, warnings: list[str]) -> int:
    least = facts.min_oom_score_adj
    if wanted >= least:
        return wanted
    if wanted:
        warnings.append(
            f"oom score adjustment {wanted} is raised to {facts.min_oom_score_adj}: the host allows no less"
        )
    return facts.min_oom_score_adj
