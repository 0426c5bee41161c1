"""The `config` member of an image's configuration, to and from the domain's Config (OCI image-spec, "Properties")."""

from pier.domain.container import Config, Healthcheck
from pier.oci.inputs import Document
from pier.oci.reading import Reader


def load_config(document: Reader) -> Config:
    """What the image brings for its containers. Raises InvalidArgument for a field of the wrong type."""
    return Config(
        hostname=document.text("Hostname"),
        domainname=document.text("Domainname"),
        user=document.text("User"),
        env=document.list_of_texts("Env"),
        cmd=document.optional_texts("Cmd"),
        entrypoint=document.optional_texts("Entrypoint"),
        args_escaped=document.flag("ArgsEscaped"),
        shell=document.optional_texts("Shell"),
        working_dir=document.text("WorkingDir"),
        exposed_ports=document.keys("ExposedPorts"),
        volumes=document.keys("Volumes"),
        labels=document.texts("Labels"),
        healthcheck=_load_healthcheck(document.section("Healthcheck")) if document.has("Healthcheck") else None,
        on_build=document.optional_texts("OnBuild"),
        stop_signal=document.text("StopSignal"),
    )


def dump_config(config: Config) -> Document:
    """Only what is set; sets as maps to empty objects. Fields about one container alone are left out."""
    fields: Document = {
        "User": config.user,
        "ExposedPorts": {port: {} for port in sorted(config.exposed_ports)},
        "Env": list(config.env),
        "Entrypoint": _list(config.entrypoint),
        "Cmd": _list(config.cmd),
        "Volumes": {path: {} for path in sorted(config.volumes)},
        "WorkingDir": config.working_dir,
        "Labels": dict(sorted(config.labels.items())),
        "StopSignal": config.stop_signal,
        "ArgsEscaped": config.args_escaped,
        "Healthcheck": _dump_healthcheck(config.healthcheck) if config.healthcheck else None,
        "OnBuild": _list(config.on_build),
        "Shell": _list(config.shell),
    }
    return {key: value for key, value in fields.items() if value}


def _load_healthcheck(document: Reader) -> Healthcheck:
    return Healthcheck(
        test=document.list_of_texts("Test"),
        interval=document.number("Interval"),
        timeout=document.number("Timeout"),
        start_period=document.number("StartPeriod"),
        start_interval=document.number("StartInterval"),
        retries=document.number("Retries"),
    )


def _dump_healthcheck(healthcheck: Healthcheck) -> Document:
    fields: Document = {
        "Test": list(healthcheck.test),
        "Interval": healthcheck.interval,
        "Timeout": healthcheck.timeout,
        "StartPeriod": healthcheck.start_period,
        "StartInterval": healthcheck.start_interval,
        "Retries": healthcheck.retries,
    }
    return {key: value for key, value in fields.items() if value}


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
