from pier.cli.container.creation import daemon_message
from pier.client.errors import ApiError, EngineUnreachable


def test_only_refusals_come_from_the_daemon() -> None:
    assert daemon_message(ApiError(404, "no")) == "Error response from daemon: no"
    assert daemon_message(EngineUnreachable("unix:///x", "r")).startswith("Cannot connect")
