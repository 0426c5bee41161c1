from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_rm_prints_what_went(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("DELETE", "/images/a/b:1", [{"Untagged": "a/b:1"}, {"Deleted": "sha256:1"}])
    assert pier("rmi", "-f", "--no-prune", "a/b:1") == (0, "Untagged: a/b:1\nDeleted: sha256:1\n", "")
    assert engine.last("DELETE", "/images/a/b:1").query == {"force": ["1"], "noprune": ["1"]}


def test_rm_goes_on_after_a_refusal(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("DELETE", "/images/b", [{"Untagged": "b:latest"}])
    engine.answer("DELETE", "/images/a", {"message": "No such image: a:latest"}, 404)
    assert pier("rmi", "a", "b") == (1, "Untagged: b:latest\n", "Error response from daemon: No such image: a:latest\n")
    assert pier("rmi", "-f", "a")[0] == 0
    assert pier("image", "remove", "--platform", "linux/amd64", "b")[0] == 0
    assert engine.last("DELETE", "/images/b").query == {"platforms": ['{"architecture":"amd64","os":"linux"}']}


def test_tag(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/images/a/tag", None, 201)
    assert pier("tag", "a", "h:1/x/y:z") == (0, "", "")
    assert engine.last("POST", "/images/a/tag").query == {"repo": ["h:1/x/y"], "tag": ["z"]}
    assert pier("tag", "a", "X")[2].startswith('Error parsing reference: "X" is not a valid repository/tag: ')
    assert pier("tag", "a", "x@sha256:" + "a" * 64)[0] == 1
