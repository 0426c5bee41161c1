"""`/version` and `/info`."""

import platform
import re
from typing import Any

from pier.api.versions import NEWEST_TEXT, OLDEST_TEXT, Change, since
from pier.domain.runtime import HostFacts
from pier.engine.system import InfoFacts, VersionFacts
from pier.wire import system as wire
from pier.wire.shape import UNSET, Omitted
from pier.wire.times import rfc3339

_HUB = "docker.io"
_LOOPBACK = ("::1/128", "127.0.0.0/8")
_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def describe_version(version: VersionFacts) -> wire.Version:
    """`GoVersion` is Docker's key; it says what Pier runs on."""
    facts = version.facts
    arch = _GO_ARCHITECTURES.get(facts.architecture, facts.architecture)
    python = f"python{platform.python_version()}"
    details = {
        "ApiVersion": NEWEST_TEXT,
        "Arch": arch,
        "Experimental": "false",
        "GoVersion": python,
        "KernelVersion": facts.kernel,
        "MinAPIVersion": OLDEST_TEXT,
        "Os": "linux",
    }
    components = [wire.Component(name="Engine", version=version.version, details=details)]
    if version.containerd_version:
        components.append(
            wire.Component(
                name="containerd",
                version=version.containerd_version,
                details={"GitCommit": version.containerd_revision},
            )
        )
    return wire.Version(
        platform=wire.PlatformName(name="Pier"),
        components=components,
        version=version.version,
        api_version=NEWEST_TEXT,
        min_api_version=OLDEST_TEXT,
        git_commit="",
        go_version=python,
        os="linux",
        arch=arch,
        kernel_version=facts.kernel,
    )


def _describe_bridge_nf(version: int) -> dict[str, Any]:
    """dockerd no longer looks, and says no to those who still ask."""
    if since(version, Change.NO_INFO_BRIDGE_NF):
        return {}
    return {"bridge_nf_iptables": False, "bridge_nf_ip6tables": False}


def _describe_commit(commit: str, version: int) -> wire.Commit:
    """Former versions also say which commit was expected; dockerd has expected what there is ever since."""
    return wire.Commit(id=commit, expected=UNSET if since(version, Change.NO_EXPECTED_COMMITS) else commit)


def describe_info(info: InfoFacts, version: int, *, open_files: int, jobs: int) -> wire.Info:
    facts = info.facts
    return wire.Info(
        id=info.id,
        containers=info.containers,
        containers_running=info.running,
        containers_paused=info.paused,
        containers_stopped=info.stopped,
        images=info.images,
        driver=info.driver,
        driver_status=[("driver-type", "io.containerd.snapshotter.v1")],
        plugins=wire.Plugins(
            volume=list(info.volume_drivers),
            network=["bridge", "host", "ipvlan", "macvlan", "null"],
            authorization=None,
            log=["journald", "json-file", "local", "syslog"],
        ),
        **_describe_limits(facts),
        **_describe_bridge_nf(version),
        ipv4_forwarding=True,
        debug=info.debug,
        n_fd=open_files,
        n_goroutines=jobs,
        system_time=rfc3339(info.system_time),
        logging_driver=info.log_driver,
        cgroup_driver=info.cgroup_driver,
        cgroup_version=str(facts.cgroup_version),
        n_events_listener=0,
        kernel_version=facts.kernel,
        operating_system=facts.operating_system,
        os_version="",
        os_type="linux",
        architecture=facts.architecture,
        index_server_address="https://index.docker.io/v1/",
        registry_config=_describe_registries(info),
        ncpu=facts.cpus,
        mem_total=facts.memory,
        docker_root_dir=info.data_root,
        http_proxy=_without_password(info.proxies.get("HTTP_PROXY", "")),
        https_proxy=_without_password(info.proxies.get("HTTPS_PROXY", "")),
        no_proxy=info.proxies.get("NO_PROXY", ""),
        name=info.name,
        labels=list(info.labels),
        server_version=info.version,
        runtimes={name: wire.RuntimePath(path=path) for name, path in info.runtimes.items()},
        default_runtime=info.default_runtime,
        swarm=wire.SwarmInfo(),
        live_restore_enabled=True,
        init_binary="",
        containerd_commit=_describe_commit(info.containerd_revision or info.containerd_version, version),
        runc_commit=_describe_commit("", version),
        init_commit=_describe_commit("", version),
        security_options=list(info.security_options),
        cdi_spec_dirs=list(info.cdi_spec_dirs),
        discovered_devices=_describe_devices(info) if since(version, Change.INFO_DEVICES) else UNSET,
        firewall_backend=wire.FirewallInfo(driver="nftables") if since(version, Change.INFO_FIREWALL) else UNSET,
        containerd=_describe_containerd(info) if since(version, Change.INFO_CONTAINERD) else UNSET,
        shim_groups=UNSET if info.shim_groups is None else list(info.shim_groups),
        warnings=list(info.warnings) or None,
    )


def _describe_devices(info: InfoFacts) -> Omitted[list[wire.DeviceInfo]]:
    return [wire.DeviceInfo(source="cdi", id=name) for name in info.cdi_devices] or UNSET


def _without_password(url: str) -> str:
    """Whoever asks for info need not learn it; dockerd hides it the same way."""
    return re.sub(r"//[^/@]*@", "//xxxxx:xxxxx@", url)


def _describe_limits(facts: HostFacts) -> dict[str, Any]:
    """What the kernel's controllers can limit. On v2 there is no switch for the OOM killer."""
    has = facts.cgroup_controllers.__contains__
    v1 = facts.cgroup_version == 1
    return {
        "memory_limit": has("memory"),
        "swap_limit": facts.swap_limit,
        "cpu_cfs_period": has("cpu"),
        "cpu_cfs_quota": has("cpu"),
        "cpu_shares": has("cpu"),
        "cpu_set": has("cpuset"),
        "pids_limit": has("pids"),
        "oom_kill_disable": v1 and has("memory"),
    }


def _describe_registries(info: InfoFacts) -> wire.RegistryConfig:
    mirrors = [f"{mirror.rstrip('/')}/" for mirror in info.registry_mirrors]  # as dockerd writes them
    hub = wire.IndexConfig(mirrors=mirrors, name=_HUB, official=True, secure=True)
    named = [item for item in info.insecure_registries if "/" not in item]
    return wire.RegistryConfig(
        index_configs={
            _HUB: hub,
            **{name: wire.IndexConfig(mirrors=[], name=name, official=False, secure=False) for name in named},
        },
        insecure_registry_cidrs=[*_LOOPBACK, *(item for item in info.insecure_registries if "/" in item)],
        mirrors=mirrors or None,
    )


def _describe_containerd(info: InfoFacts) -> wire.ContainerdInfo:
    namespaces = wire.ContainerdNamespaces(containers=info.containerd_namespace, plugins="")
    return wire.ContainerdInfo(address=info.containerd_address, namespaces=namespaces)
