from pathlib import Path

from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.container.creation import daemon_message
from pier.client.errors import ApiError, EngineUnreachable


def test_only_refusals_come_from_the_daemon() -> None:
    assert daemon_message(ApiError(404, "no")) == "Error response from daemon: no"
    assert daemon_message(EngineUnreachable("unix:///x", "r")).startswith("Cannot connect")


def test_proxies_of_config_json_reach_the_container(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"proxies": {"default": {"httpProxy": "http://p:1"}}}')
    engine.answer("POST", "/containers/create", {"Id": "c", "Warnings": []}, 201)
    assert pier("create", "-e", "http_proxy=mine", "img")[0] == 0
    (request,) = [request for request in engine.requests if request.path.endswith("/containers/create")]
    assert request.json["Env"] == ["http_proxy=mine", "HTTP_PROXY=http://p:1"]
