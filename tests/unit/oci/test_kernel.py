from pier.oci.kernel import kernel_at_least


def test_releases_are_compared_by_number() -> None:
    assert kernel_at_least("6.1.0-13-amd64", "5.12")
    assert kernel_at_least("5.12.0", "5.12")
    assert not kernel_at_least("5.4.0", "5.12")
    assert not kernel_at_least("unknown", "5.12")
