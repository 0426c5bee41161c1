import pytest
from benchmark.engine import Engine
from benchmark.image_data import docker_archive
from benchmark.marks import IMAGE, LABEL, CheckFailed
from fakes.small_engine import SmallEngine


@pytest.fixture
def engine(fakes: list[SmallEngine]) -> Engine:
    return Engine("a", str(fakes[0].path))


def test_life_of_a_container(engine: Engine, fakes: list[SmallEngine]) -> None:
    cid = engine.create(["true"], port=8080, host={"NetworkMode": "none"})
    config = fakes[0].containers[cid]["Config"]
    assert (config["Image"], config["Labels"]) == (IMAGE, LABEL)
    assert config["HostConfig"] == {"NetworkMode": "none", "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}
    engine.start(cid)
    assert engine.wait(cid) == 0
    engine.remove(cid)
    assert not fakes[0].containers


def test_running_and_listed(engine: Engine) -> None:
    cid = engine.run()
    assert [row["Id"] for row in engine.listed()] == [cid]
    assert engine.inspect(cid)["State"]["Running"] is True


def test_refused(engine: Engine) -> None:
    with pytest.raises(CheckFailed, match=r"POST /containers/nope/start: 404 .*No such container"):
        engine.start("nope")


def test_a_connection_that_idled_away_is_made_anew(engine: Engine, fakes: list[SmallEngine]) -> None:
    fakes[0].routes["GET", "/once"] = lambda _, conn: conn.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")
    engine.call("GET", "/once")  # and the fake hangs up
    assert engine.version()["Version"] == "1.2"


def test_no_connection_is_used_after_half_a_reply(engine: Engine, fakes: list[SmallEngine]) -> None:
    fakes[0].routes["GET", "/bad"] = lambda _, conn: conn.sendall(b"HTTP/1.1 rubbish\r\n\r\n")
    with pytest.raises(ValueError, match="invalid literal"):
        engine.call("GET", "/bad")
    assert engine._local.conn is None
    assert engine.is_pier() is True


def test_exec(engine: Engine) -> None:
    output, stream = engine.exec(engine.run(), ["echo", "hi"])
    assert output == b"hi\n"
    assert stream.reply.status == 101


def test_an_image_with_other_layers_is_no_load(engine: Engine, fakes: list[SmallEngine]) -> None:
    archive, ids = docker_archive("bench-x:latest", [b"layer"])
    assert engine.load(archive, "bench-x:latest", ids) > 0
    with pytest.raises(CheckFailed, match="layers"):
        engine.load(archive, "bench-x:latest", ["sha256:other"])
    engine.remove_image("bench-x:latest")
    assert not fakes[0].images
