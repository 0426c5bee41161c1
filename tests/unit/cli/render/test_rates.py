from pier.cli.render.rates import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_of_a_layer_from_its_first_count_on() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert rates.count("a", "Downloading", 1_000_000, 9_000_000) == ""
    clock.now += 2
    assert rates.count("a", "Downloading", 5_000_000, 9_000_000) == "  2MB/s"
    assert rates.count("a", "Extracting", 5_000_000, 9_000_000) == ""
    assert rates.total() == ""


def test_total_of_several_layers() -> None:
    clock = Clock()
    rates = Rates(clock)
    rates.count("a", "Pushing", 0, 10_000_000)
    rates.count("b", "Pushing", 0, 30_000_000)
    clock.now += 4
    rates.count("b", "Pushing", 6_000_000, 30_000_000)
    rates.done("a")
    rates.done("c")
    assert rates.total() == "Total: 16MB/40MB  4MB/s"
