from pier.domain.cdi import CdiMount, Edits


def test_what_two_devices_share_counts_once() -> None:
    mount = CdiMount(host_path="/lib", container_path="/lib")
    one = Edits(env=("A=1",), mounts=(mount,), additional_gids=(5,))
    both = one + Edits(env=("B=2",), mounts=(mount,), additional_gids=(5, 6))
    assert both == Edits(env=("A=1", "B=2"), mounts=(mount,), additional_gids=(5, 6))
