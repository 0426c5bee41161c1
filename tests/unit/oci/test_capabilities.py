import pytest

from pier.domain.errors import InvalidArgument
from pier.oci.capabilities import (
    ALL_CAPABILITIES,
    DEFAULT_CAPABILITIES,
    from_mask,
    granted_capabilities,
    wanted_capabilities,
)


def _wanted(add: list[str], drop: list[str], *, privileged: bool = False) -> set[str]:
    return set(wanted_capabilities(add, drop, privileged=privileged))


def test_defaults_are_dockers_mask() -> None:
    assert from_mask(0xA80425FB) == set(DEFAULT_CAPABILITIES) == _wanted([], [])
    assert len(DEFAULT_CAPABILITIES) == 14


def test_all_41_are_known_by_their_bits() -> None:
    assert len(ALL_CAPABILITIES) == len(set(ALL_CAPABILITIES)) == 41
    assert from_mask(1 << 21) == {"CAP_SYS_ADMIN"}
    assert from_mask(1 << 40) == {"CAP_CHECKPOINT_RESTORE"}
    assert from_mask(1 << 60) == set()


def test_names_with_and_without_prefix_in_any_case() -> None:
    assert _wanted(["net_admin"], ["CAP_CHOWN"]) == set(DEFAULT_CAPABILITIES) - {"CAP_CHOWN"} | {"CAP_NET_ADMIN"}


def test_add_all_gives_everything_but_what_is_dropped() -> None:
    assert _wanted(["ALL"], ["SYS_ADMIN"]) == set(ALL_CAPABILITIES) - {"CAP_SYS_ADMIN"}


def test_drop_all_leaves_only_what_is_added() -> None:
    assert _wanted(["KILL"], ["all"]) == {"CAP_KILL"}
    assert _wanted([], ["ALL"]) == set()


def test_a_capability_both_added_and_dropped_is_there() -> None:
    assert "CAP_CHOWN" in _wanted(["CHOWN"], ["CHOWN"])


def test_privileged_has_everything_and_still_refuses_nonsense() -> None:
    assert _wanted([], ["CHOWN"], privileged=True) == set(ALL_CAPABILITIES)
    with pytest.raises(InvalidArgument):
        _wanted(["NONSENSE"], [], privileged=True)


def test_unknown_name_is_refused_with_the_option() -> None:
    with pytest.raises(InvalidArgument, match='invalid CapDrop: unknown capability: "CAP_FOO"'):
        _wanted([], ["foo"])


def test_what_the_host_lacks_is_parted_off() -> None:
    granted, missing = granted_capabilities(["CAP_CHOWN", "CAP_SYS_RESOURCE"], {"CAP_CHOWN"})
    assert (granted, missing) == (("CAP_CHOWN",), ("CAP_SYS_RESOURCE",))
    assert granted_capabilities(["CAP_CHOWN"], frozenset()) == (("CAP_CHOWN",), ())
