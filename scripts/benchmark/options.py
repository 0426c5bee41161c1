"""The command line of `scripts/bench`, read into one value."""

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIER_SOCKET = "/run/pier/pier.sock"
DOCKER_SOCKET = "/var/run/docker.sock"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
DOCKER_CONTAINERD_SOCKET = "/var/run/docker/containerd/containerd.sock"  # of a dockerd that starts its own
QUICK = ("run_api", "run_cli", "exec_api", "ps_api", "memory", "logs_write")
AXES = ("containers", "networks", "images", "finished")
POINTS = {"containers": (1, 10, 100, 500), "networks": (1, 10, 100), "images": (1, 10, 50, 200)}
ABOUT = """Measures container engines side by side over the Docker API.

The same work runs on every engine, interleaved (A B, B A, A B, ...), so that noise on the machine falls on all of them
alike. Every sample is verified (exit code, bytes, line counts, digests); one that does not verify is a failure in the
report, never a number, and the exit status is 1. The first engine is the numerator of every ratio. What a run makes is
labelled and removed at its end, also after an error or Ctrl-C. Run it as root on the machine the engines run on."""


@dataclass(frozen=True)
class EngineAt:
    """An engine to measure, and the further processes (PIDs, or sockets they listen on) of its footprint."""

    name: str
    socket: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Floor:
    """A containerd on which `ctr run --rm` shows what a run costs without an engine."""

    name: str
    ctr: str
    address: str
    image: str


@dataclass(frozen=True)
class Options:
    """What a run is to do."""

    engines: tuple[EngineAt, ...]
    metrics: tuple[str, ...] = ()
    quick: bool = False
    effort: float = 1.0
    log_mb: int = 100
    docker: str = "docker"
    pier: str = ""
    busybox: str = "/bin/busybox"
    runc: str = "runc"
    registry: str = ""
    floors: tuple[Floor, ...] = ()
    restart: dict[str, str] = field(default_factory=dict)
    restart_count: int = 200
    own_network: bool = False
    growth: bool = False
    axes: tuple[str, ...] = AXES
    points: dict[str, tuple[int, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    into: str = ""
    plot: str = ""
    json: str = ""
    markdown: str = ""
    scratch: str = ""


def read_options(argv: Sequence[str], known: Sequence[str]) -> Options:
    """What these arguments ask for. `known` are the metrics there are. Exits with 2 and a sentence when wrong."""
    parser = make_parser(known)
    given = parser.parse_args(argv)
    try:
        engines = () if given.parts else read_engines(given.engine, given.also)
        names = {engine.name for engine in engines}
        restart = dict(read_pair(text, "--restart", names) for text in given.restart)
        metrics = tuple(filter(None, given.metrics.split(","))) or (QUICK if given.quick else tuple(known))
        return Options(
            engines=engines,
            metrics=chosen(metrics, known, "metrics"),
            quick=given.quick,
            effort=given.effort,
            log_mb=max(10, given.log_mb),
            docker=given.docker or find_docker(),
            pier=given.pier,
            busybox=given.busybox or shutil.which("busybox") or "/bin/busybox",
            runc=given.runc,
            registry=given.registry,
            floors=tuple(map(read_floor, given.floor)),
            restart=restart,
            restart_count=given.restart_count or (10 if given.quick else 200),
            own_network=given.own_network,
            growth=given.growth,
            axes=chosen(tuple(given.axes.split(",")), AXES, "axes"),
            points=read_points(given.points, given.finished),
            parts=tuple(filter(None, given.parts.split(","))),
            into=given.into,
            plot=given.plot,
            json=given.json,
            markdown=given.markdown,
            scratch=given.scratch,
        )
    except ValueError as error:
        parser.exit(2, f"bench: {error}\n")


def make_parser(known: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(
        "bench", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    engines = f"once for each engine; without any, Pier at {PIER_SOCKET} against dockerd at {DOCKER_SOCKET}"
    also = "a further process of that engine's footprint, such as its containerd, for `memory`"
    floor = "`ctr run --rm` on that containerd, in the same rounds as run_cli"
    restart = "for `restart`: the engine is sent SIGTERM; COMMAND starts it again and leaves it running"
    add("--engine", action="append", default=[], metavar="NAME=SOCKET", help=engines)
    add("--also", action="append", default=[], metavar="NAME=SOCKET_OR_PID", help=also)
    add("--metrics", default="", metavar="A,B", help="only these; all there are: " + ", ".join(known))
    add("--quick", action="store_true", help="only " + ", ".join(QUICK) + ", with less work")
    add("--effort", type=float, default=1.0, metavar="SHARE", help="factor on the number of rounds (default 1)")
    add("--log-mb", type=int, default=100, metavar="MB", help="what logs_write writes, in tens (default 100)")
    add("--docker", default="", metavar="PATH", help="the docker CLI (default: from PATH)")
    add("--pier", default=str(ROOT / ".venv/bin/pier"), metavar="PATH", help="Pier's CLI (default: this checkout's)")
    add("--busybox", default="", metavar="PATH", help="a static busybox to make the test image of (default: from PATH)")
    add("--runc", default="runc", metavar="PATH", help="the OCI runtime that `parts` times alone")
    add("--registry", default="", metavar="HOST:PORT", help="a plain-HTTP registry for push and pull (else skipped)")
    add("--floor", action="append", default=[], metavar="NAME=CTR,ADDRESS,IMAGE", help=floor)
    add("--restart", action="append", default=[], metavar="NAME=COMMAND", help=restart)
    add("--restart-count", type=int, default=0, metavar="N", help="containers that run meanwhile (default 200)")
    add("--json", default="", metavar="PATH", help="write every sample there")
    add("--markdown", default="", metavar="PATH", help="write the report there as well")
    add("--scratch", default="", metavar="DIR", help="where scratch files go")
    own = "all containers on a network made for them, where Pier with --shim-group lets them share shims"
    add("--own-network", action="store_true", help=own)
    add("--growth", action="store_true", help="instead of the metrics: how run, start, ps, inspect and memory grow")
    add("--axes", default=",".join(AXES), metavar="A,B", help=f"what grows (default {','.join(AXES)})")
    add("--points", default="", metavar="N,N", help="how many of each (default: up to 500, 100, 200 and --finished)")
    add("--finished", type=int, default=0, metavar="N", help="finished containers in the records (default 10000)")
    parts = "measure nothing: report and draw what runs of --growth, such as of an axis each, have put into --json"
    add("--from", dest="parts", default="", metavar="JSON,JSON", help=parts)
    into = "put the report of --growth between the lines <!-- growth --> and <!-- /growth --> of that file"
    add("--into", default="", metavar="PATH", help=into)
    add("--plot", default="growth.svg", metavar="PATH", help="where --growth draws (default growth.svg; '': nowhere)")
    return parser


def read_engines(engines: Sequence[str], also: Sequence[str]) -> tuple[EngineAt, ...]:
    """The engines on the command line, else the two that a host usually has. ValueError says what is wrong."""
    if not engines:
        if also:
            raise ValueError("--also needs --engine NAME=SOCKET for the same NAME")
        return default_engines()
    found: dict[str, str] = {}
    for text in engines:
        name, socket = read_pair(text, "--engine")
        if name in found:
            raise ValueError(f"--engine {text}: there is an engine {name} already; give each its own name")
        found[name] = socket.removeprefix("unix://")
    further = [read_pair(text, "--also", set(found)) for text in also]
    return tuple(
        EngineAt(name, socket, tuple(value for owner, value in further if owner == name))
        for name, socket in found.items()
    )


def default_engines() -> tuple[EngineAt, ...]:
    """Pier and dockerd where each usually listens; ValueError names the one that is not there."""
    for engine, socket in (("Pier", PIER_SOCKET), ("dockerd", DOCKER_SOCKET)):
        if not os.path.exists(socket):
            raise ValueError(
                f"no {engine} at {socket}; start it, or name the engines to compare: "
                "--engine pier=SOCKET --engine dockerd=SOCKET"
            )
    own = next((path for path in (DOCKER_CONTAINERD_SOCKET, CONTAINERD_SOCKET) if os.path.exists(path)), "")
    return (
        EngineAt("pier", PIER_SOCKET, (CONTAINERD_SOCKET,) if os.path.exists(CONTAINERD_SOCKET) else ()),
        EngineAt("dockerd", DOCKER_SOCKET, (own,) if own else ()),
    )


def read_pair(text: str, flag: str, known: set[str] | None = None) -> tuple[str, str]:
    """NAME=VALUE; ValueError when it is none, or when NAME is no engine's."""
    name, found, value = text.partition("=")
    if not (name and found and value):
        raise ValueError(f"{flag} {text}: must be NAME=VALUE")
    if known is not None and name not in known:
        raise ValueError(f"{flag} {text}: no engine is called {name}; there are {', '.join(sorted(known))}")
    return name, value


def read_floor(text: str) -> Floor:
    """NAME=CTR,ADDRESS,IMAGE."""
    name, value = read_pair(text, "--floor")
    parts = value.split(",")
    if len(parts) != 3:
        raise ValueError(f"--floor {text}: must be NAME=CTR,ADDRESS,IMAGE")
    return Floor(name, *parts)


def read_points(text: str, finished: int) -> dict[str, tuple[int, ...]]:
    """How many of each axis' things to measure at, rising. `text` stands for all axes, `finished` for the records."""
    if text:
        try:
            asked = tuple(sorted({int(part) for part in text.split(",")}))
        except ValueError:
            raise ValueError(f"--points {text}: must be numbers with commas between") from None
        if asked[0] < 1:
            raise ValueError(f"--points {text}: each must be at least 1")
        points = dict.fromkeys(AXES, asked)
    else:
        points = dict(POINTS)
    if finished < 0:
        raise ValueError(f"--finished {finished}: must be at least 1")
    if finished or not text:
        most = finished or 10_000
        points["finished"] = tuple(sorted({max(1, most // 100), max(1, most // 10), most}))
    return points


def chosen(asked: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Those asked for; ValueError names the ones there are not."""
    if unknown := sorted(set(asked) - set(known)):
        raise ValueError(f"unknown {what}: {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(asked)


def find_docker() -> str:
    """The docker CLI: from PATH, else the one that scripts/bootstrap unpacked."""
    unpacked = ROOT / ".venv/docker/docker"
    return shutil.which("docker") or (str(unpacked) if unpacked.exists() else "docker")
