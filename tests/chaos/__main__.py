"""`scripts/chaos`: so many rounds on a containerd and a registry of its own; exits 1 when anything was violated."""

import argparse
import random
import secrets
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.containerd import running_containerd
from support.images import Node, TestImage, busybox, busybox_archive
from support.registry import running_registry

from chaos.rounds import DyingEngine, Figures, Rounds


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="the same seed chooses the same moments")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # takes everything down on its way out
    figures = run(options.rounds, seed)
    print(figures)
    if figures.missed_points:
        print(f"never reached: {', '.join(figures.missed_points)}")
    return 1 if figures.violations else 0


def run(count: int, seed: int) -> Figures:
    """Everything that the rounds need, for as long as they take."""
    with running_containerd() as containerd, running_registry() as registry:
        pulled = registry.push("chaos/image:1", _big_image())
        engine = DyingEngine(containerd.address)
        try:
            engine.start()
            reply = engine.call("POST", "/images/load?quiet=1", busybox_archive().read_bytes())
            assert reply.status == 200, reply.body
            rounds = Rounds(engine, containerd, pulled, seed)
            rounds.prepare()
            return rounds.run(count)
        finally:
            engine.destroy()


def _big_image() -> TestImage:
    """Busybox under some layers that take a moment to arrive: 24 MB that do not compress."""
    layers = [{f"blob{number}": Node(random.Random(number).randbytes(8 << 20))} for number in range(3)]
    return TestImage([*busybox().layers, *layers], busybox().config)


if __name__ == "__main__":
    sys.exit(main())
