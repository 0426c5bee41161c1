"""One call of `scripts/bench`: options in, the work, a tidy host and a report out."""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import benchmark.metrics  # noqa: F401  # registers the metrics
from benchmark.catalogue import METRICS
from benchmark.client import arena
from benchmark.engine import Engine
from benchmark.growth import report as growth_report
from benchmark.growth.cells import panels
from benchmark.growth.measure import measure_growth
from benchmark.growth.parts import Growth, read_parts
from benchmark.growth.plot import can_draw, draw
from benchmark.image_data import base_layers, docker_archive
from benchmark.machine import describe_engines, describe_machine, listen_to_noise, sentences
from benchmark.marks import IMAGE, LABEL, MB, TOKEN, now
from benchmark.options import Options, read_options
from benchmark.report import LEGEND, as_json, failures, memory_notes, table
from benchmark.samples import Row
from benchmark.session import ERRORS, Bench, say
from benchmark.tidy import tidy

ARENA = 512 * MB  # more than any reply of a full run
SMALL_ARENA = 64 * MB
FAILED, INTERRUPTED = 1, 130


def main(argv: Sequence[str]) -> int:
    """The exit status: 0, 1 when a sample failed or something was left behind, 130 after Ctrl-C or SIGTERM."""
    options = read_options(argv, tuple(METRICS))
    if (options.growth or options.parts) and options.plot and not can_draw():
        sys.exit("bench: no matplotlib for the plot; install the extra `bench`, or say --plot '' to go without")
    if options.into:
        try:  # now, not after half an hour
            growth_report.inserted(Path(options.into).read_text(), "")
        except (OSError, ValueError) as error:
            sys.exit(f"bench: --into {options.into}: {error}")
    if options.parts:
        try:
            show_growth(read_parts(options.parts), options)
        except (OSError, ValueError, LookupError) as error:
            sys.exit(f"bench: --from: {error}")
        return 0
    engines = [Engine(at.name, at.socket, at.also) for at in options.engines]
    with tempfile.TemporaryDirectory(dir=options.scratch or None) as scratch, term_as_interrupt():
        bench = Bench(engines, replace(options, scratch=scratch), frozenset(options.metrics))
        began, before, status = now(), listen_to_noise(), 0
        try:
            work(bench)
        except KeyboardInterrupt:
            say("interrupted: taking away what was made; the report has what was measured until now")
            status = INTERRUPTED
        finally:
            about = {"machine": describe_machine(before, listen_to_noise()), "engines": describe_engines(engines)}
            clean = tidy(engines)
    write_reports(bench, about, now() - began)
    return status or (FAILED if bench.has_failed() or not clean else 0)


@contextmanager
def term_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: tidily."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def work(bench: Bench) -> None:
    """Gives each engine the test image and measures what the options ask for."""
    arena(SMALL_ARENA if bench.options.quick or bench.options.growth else ARENA)
    prepare(bench)
    if bench.options.growth:
        measure_growth(bench)
        return
    began = now()
    for function in dict.fromkeys(METRICS[name] for name in METRICS if name in bench.selected):
        started = now()
        say(f"{started - began:6.1f} s  {function.__name__}")
        function(bench)
        bench.took[function.__name__] = round(now() - started, 1)


def prepare(bench: Bench) -> None:
    """Loads the image, and runs the first container: it pays for caches and is not timed. Exits when that fails."""
    try:
        archive, ids = docker_archive(IMAGE, base_layers(bench.options.busybox))
    except ERRORS as error:
        sys.exit(f"bench: cannot make the test image of {bench.options.busybox}: {error}")
    for engine in bench.engines:
        try:
            engine.load(archive, IMAGE, ids)
            if bench.options.own_network:
                body = {"Name": f"bench-{TOKEN}", "Labels": LABEL}
                engine.network = str(engine.call("POST", "/networks/create", body).json()["Id"])
            engine.remove(engine.run(["true"]))
        except ERRORS as error:
            sys.exit(f"bench: {engine.name} at {engine.sock} cannot run the test image: {error}")


def write_reports(bench: Bench, about: dict[str, Any], seconds: float) -> None:
    """Prints the report, and writes the files that the options name."""
    options, names = bench.options, [engine.name for engine in bench.engines]
    if options.json:
        Path(options.json).write_text(json.dumps(as_json(bench, about, seconds), indent=1) + "\n")
    notes = [*sentences(about["machine"], about["engines"]), *memory_notes(bench)]
    if options.growth:
        axes = {axis: options.points[axis] for axis in options.axes}
        show_growth(Growth(bench.rows, names, axes, notes), options)
    else:
        publish(f"{table(bench.rows, names)}\n{LEGEND}\n", notes, bench.rows, options)


def publish(text: str, notes: Sequence[str], rows: Mapping[str, Row], options: Options) -> str:
    """Prints a report, and writes it where the options say; all of it."""
    text += "\n" + "".join(f"- {note}\n" for note in notes) + failures(rows)
    print(text, end="")
    if options.markdown:
        Path(options.markdown).write_text(text)
    return text


def show_growth(found: Growth, options: Options) -> None:
    """The report of a climb, and its plot."""
    figures = growth_report.growth_table(found.rows, found.names, found.axes, list(found.axes))
    text = publish(f"{figures}\n{growth_report.LEGEND}\n", found.notes, found.rows, options)
    if options.into:
        document = Path(options.into)
        document.write_text(growth_report.inserted(document.read_text(), text))
    columns = panels(found.rows, found.names, found.axes, list(found.axes)) if options.plot else []
    if any(columns):
        draw(columns, options.plot)
        say(f"plot: {options.plot}")
