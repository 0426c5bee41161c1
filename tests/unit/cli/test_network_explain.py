from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_a_line_for_each_step(engine: HttpEngine, pier: Pier) -> None:
    steps = [{"Text": "it runs", "Wrong": False}, {"Text": "nothing listens", "Wrong": True}]
    engine.answer("GET", "/containers/web/explain", {"Steps": steps})
    assert pier("network", "explain", "web:80/udp") == (1, "  it runs\n! nothing listens\n", "")
    assert engine.last("GET", "/containers/web/explain").query == {"port": ["80/udp"]}
    engine.answer("GET", "/containers/web/explain", {"Steps": steps[:1]})
    assert pier("network", "explain", "web")[0] == 0
