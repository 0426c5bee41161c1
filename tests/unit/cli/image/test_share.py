from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_share_and_unshare(engine: HttpEngine, pier: Pier) -> None:
    for verb in ("share", "unshare"):
        engine.answer("POST", f"/images/a/b:1/{verb}", None, 204)
        assert pier("image", verb, "a/b:1") == (0, "a/b:1\n", "")
        assert engine.last("POST", f"/images/a/b:1/{verb}").query == {"namespace": ["k8s.io"]}
    assert pier("image", "share", "-n", "default", "a/b:1")[0] == 0
    assert engine.last("POST", "/images/a/b:1/share").query == {"namespace": ["default"]}


def test_failure(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/images/x/share", {"message": "no such containerd namespace: k8s.io"}, 404)
    assert pier("image", "share", "x") == (1, "", "Error response from daemon: no such containerd namespace: k8s.io\n")
