from dataclasses import replace

import pytest

from pier.dockerfile.change import apply_change, apply_changes
from pier.domain.container import Config, Healthcheck
from pier.domain.errors import InvalidArgument

BASE = Config(
    cmd=("old",),
    env=("PATH=/bin", "A=1"),
    labels={"k": "v"},
    exposed_ports=("80/tcp",),
    volumes=("/data",),
    working_dir="/srv",
    on_build=("RUN a",),
)


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("CMD echo hi", {"cmd": ("/bin/sh", "-c", "echo hi")}),
        ('cmd ["a", "b c"]', {"cmd": ("a", "b c")}),
        ('CMD ["a",', {"cmd": ("/bin/sh", "-c", '["a",')}),
        ("CMD", {"cmd": ()}),
        ('ENTRYPOINT ["e"]', {"entrypoint": ("e",), "cmd": None}),
        ("ENTRYPOINT exec x", {"entrypoint": ("/bin/sh", "-c", "exec x"), "cmd": None}),
        ("ENTRYPOINT []", {"entrypoint": None, "cmd": None}),
        ("ENV B=2 A=$A$A", {"env": ("PATH=/bin", "A=11", "B=2")}),
        ("ENV B=\"x y\" C='$A'", {"env": ("PATH=/bin", "A=1", "B=x y", "C=$A")}),
        ("ENV B two words", {"env": ("PATH=/bin", "A=1", "B=two words")}),
        ("LABEL a.b=c k=w", {"labels": {"k": "w", "a.b": "c"}}),
        ("EXPOSE 53/udp 8000-8002 80", {"exposed_ports": ("80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp")}),
        ("VOLUME /a /b", {"volumes": ("/data", "/a", "/b")}),
        ('VOLUME ["/with blank"]', {"volumes": ("/data", "/with blank")}),
        ("USER web:web", {"user": "web:web"}),
        ("WORKDIR sub", {"working_dir": "/srv/sub"}),
        ("WORKDIR /x/../y", {"working_dir": "/y"}),
        ("STOPSIGNAL SIGINT", {"stop_signal": "SIGINT"}),
        ("ONBUILD RUN b", {"on_build": ("RUN a", "RUN b")}),
        ("HEALTHCHECK NONE", {"healthcheck": Healthcheck(test=("NONE",))}),
        ("HEALTHCHECK CMD curl -f x", {"healthcheck": Healthcheck(test=("CMD-SHELL", "curl -f x"))}),
        (
            'HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD ["a", "b"]',
            {"healthcheck": Healthcheck(test=("CMD", "a", "b"), interval=90 * 10**9, timeout=5 * 10**8, retries=3)},
        ),
    ],
)
def test_each_instruction(line: str, changes: dict[str, object]) -> None:
    assert apply_change(BASE, line) == replace(BASE, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN x", "RUN is not a valid change command"),
        ("nonsense", "NONSENSE is not a valid change command"),
        ("EXPOSE abc", "Invalid containerPort: abc"),
        ("EXPOSE 80/xyz", "Invalid containerPort"),
        ("ENV", "ENV requires at least one argument"),
        ("ENV A", "ENV must have two arguments"),
        ("ENV A=1 B", "can't find = in"),
        ("ENV =1", "can not be blank"),
        ("USER", "USER requires exactly one argument"),
        ("VOLUME []", "VOLUME"),
        ("STOPSIGNAL nope", "(?i)signal"),
        ("ONBUILD", "at least one argument"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD"),
        ("ONBUILD FROM x", "FROM isn't allowed"),
        ("HEALTHCHECK", "Unknown type"),
        ("HEALTHCHECK NONE x", "takes no arguments"),
        ("HEALTHCHECK --foo=1 CMD x", "unknown flag in HEALTHCHECK: --foo"),
        ("HEALTHCHECK --interval=soon CMD x", "invalid duration"),
        ("HEALTHCHECK --retries=x CMD x", "no number"),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        apply_change(BASE, line)


def test_changes_follow_each_other() -> None:
    lines = ["# a comment", "", "ENV X=1", "  CMD run $X", 'ENTRYPOINT ["e"]', "LABEL l=$X"]
    config = apply_changes(BASE, lines)
    assert (config.entrypoint, config.cmd) == (("e",), ("/bin/sh", "-c", "run $X"))  # a command given before stays
    assert config.labels["l"] == "1"
