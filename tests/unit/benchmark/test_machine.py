from benchmark.engine import Engine
from benchmark.machine import Noise, Ticks, describe_engines, describe_machine, listen_to_noise, read_ticks, sentences
from fakes.small_engine import SmallEngine

STAT = "cpu  100 5 20 300 15 1 2 7 40 0\ncpu0 1 2 3\n"


def test_ticks_without_guests() -> None:
    assert read_ticks(STAT) == Ticks(idle=315, stolen=7, total=450)


def test_the_machine_of_this_test() -> None:
    noise = listen_to_noise()
    machine = describe_machine(noise, listen_to_noise())
    assert machine["cpus"] > 0
    assert machine["load_before"] == [round(load, 2) for load in noise.load]


def test_shares_of_the_time_between() -> None:
    before = Noise((1, 2, 3), Ticks(idle=100, stolen=0, total=1000))
    after = Noise((4, 5, 6.5), Ticks(idle=150, stolen=10, total=1100))
    machine = describe_machine(before, after)
    assert (machine["cpu_used"], machine["cpu_stolen"]) == (50, 10)
    said = sentences(machine, {"a": None})
    assert "load average 1, 2, 3 before and 4, 5, 6.5 after" in said[1]
    assert "50 % of all CPU time was used, 10 % stolen" in said[1]
    assert said[2] == "a: did not answer."


def test_engines_and_their_parts(fakes: list[SmallEngine]) -> None:
    about = describe_engines([Engine("a", str(fakes[0].path)), Engine("gone", "/nonexistent")])
    assert about["gone"] is None
    assert sentences(describe_machine(listen_to_noise(), listen_to_noise()), about)[2] == "a: Pier 1.2, x 3."
