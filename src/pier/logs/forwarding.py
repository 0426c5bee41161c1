"""Which logs are handed on, to whom, and under which names."""

from pier.domain.container import Container, LogConfig
from pier.domain.errors import InvalidArgument
from pier.logs.attributes import expand_tag, line_attributes
from pier.logs.forward import Forwarder
from pier.logs.journald import Journald, journal_fields, require_journald
from pier.logs.options import JOURNALD, SYSLOG
from pier.logs.syslog import Syslog, parse_syslog

_SHORT = 12


def forwarder_for(config: LogConfig | None, container: Container | None) -> Forwarder | None:
    """None for drivers that keep their log in files alone. Raises PierError where the other side is not there."""
    if config is None or config.driver not in (JOURNALD, SYSLOG):
        return None
    if container is None:
        raise InvalidArgument(f"the log driver {config.driver} names the container, and there is none")
    tag = expand_tag(config.options.get("tag") or "{{.ID}}", container)
    if config.driver == SYSLOG:
        options = parse_syslog(config.options)
        return Forwarder(f"syslog for container {container.id}", lambda: Syslog(options, tag))
    require_journald()
    identity = {
        "CONTAINER_ID": container.id[:_SHORT],
        "CONTAINER_ID_FULL": container.id,
        "CONTAINER_NAME": container.name,
        "CONTAINER_TAG": tag,
        "IMAGE_NAME": container.image_ref,
        "SYSLOG_IDENTIFIER": tag,
    }
    fields = journal_fields(identity, line_attributes(config.options, container))
    return Forwarder(f"journald for container {container.id}", lambda: Journald(fields))
