import os
import select
import signal
import subprocess
import sys

from pier.cli import signals


def test_a_signal_is_a_byte_on_the_pipe_and_the_old_handler_comes_back() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with signals.SignalPipe((signal.SIGUSR1,)) as pipe:
        os.kill(os.getpid(), signal.SIGUSR1)
        ready, _, _ = select.select([pipe.fileno()], [], [], 5)
        assert ready
        assert pipe.take() == [signal.SIGUSR1]
        assert pipe.take() == []
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_flood_of_signals_blocks_nobody() -> None:
    with signals.SignalPipe((signal.SIGUSR1,)) as pipe:
        for _ in range(70_000):
            pipe._note(signal.SIGUSR1, None)
        assert len(pipe.take()) == 4096


def test_die_by_ends_the_process_as_the_signal_would() -> None:
    program = "from pier.cli import signals; signals.die_by(signals.SIGTERM)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == -signal.SIGTERM


def test_every_forwarded_signal_has_a_name() -> None:
    assert dict(signals.NAMES) == {int(getattr(signal, f"SIG{name}")): name for name in signals.NAMES.values()}
