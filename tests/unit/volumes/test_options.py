import pytest

from pier.domain.errors import InvalidArgument
from pier.volumes.options import MS_BIND, MS_RDONLY, MS_REC, MountPlan, parse_size, plan_mount


def test_without_a_device_it_is_a_directory() -> None:
    assert plan_mount("v", {}) is None
    assert plan_mount("v", {"size": "1G"}) is None


def test_words_of_o_are_flags_or_the_file_systems() -> None:
    plan = plan_mount("v", {"type": "nfs", "device": ":/x", "o": "addr=10.0.0.1,ro,nosuid,vers=4"})
    assert plan == MountPlan(type="nfs", device=":/x", flags=MS_RDONLY | 0x2, data=("addr=10.0.0.1", "vers=4"))
    plan = plan_mount("v", {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,ro,rw"})
    assert plan == MountPlan(type="tmpfs", device="tmpfs", data=("size=1m",))


def test_a_bind_has_no_type_and_perhaps_a_propagation() -> None:
    plan = plan_mount("v", {"type": "none", "device": "/srv", "o": "rbind,rslave"})
    assert plan == MountPlan(type="", device="/srv", flags=MS_BIND | MS_REC, propagation=0x80000 | MS_REC)
    plan = plan_mount("v", {"type": "none", "device": "/srv", "o": "bind,private"})
    assert plan == MountPlan(type="", device="/srv", flags=MS_BIND, propagation=0x40000)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"foo": "x"}, 'create v: invalid option: "foo"'),
        ({"type": "tmpfs"}, 'missing required option: "device"'),
        ({"o": "bind"}, 'missing required option: "device"'),
        ({"o": ""}, 'missing required option: "device"'),
        ({"device": "/x"}, 'missing required option: "type"'),
    ],
)
def test_what_cannot_be(options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        plan_mount("v", options)


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("10", 10), ("10M", 10 << 20), ("1.5g", 3 << 29), ("2GiB", 2 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size("v", {"size": text}) == size


def test_no_size() -> None:
    with pytest.raises(InvalidArgument, match="create v: invalid size: 'abc'"):
        parse_size("v", {"size": "abc"})
