from pier.logs.arrivals import Arrivals


async def test_only_watchers_of_that_log_are_woken_and_only_while_they_watch() -> None:
    arrivals = Arrivals()
    with arrivals.watch("/a") as first, arrivals.watch("/a") as second, arrivals.watch("/b") as other:
        arrivals.notify("/a")
        assert first.is_set()
        assert second.is_set()
        assert not other.is_set()
    first.clear()
    arrivals.notify("/a")
    assert not first.is_set()
