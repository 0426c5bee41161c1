import pytest

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.runtime import ProcessUser
from pier.host.users import resolve_user

PASSWD = """
root:x:0:0:root:/root:/bin/sh
# comment:x:9:9::/:
broken:x:nine:9::/:
short:x:8
web:x:1000:1001:Web,,,:/srv/web:/bin/false
123:x:77:77::/odd:
nohome:x:78:78:::
huge:x:99999999999:1::/:
"""
GROUP = """
root:x:0:
web:x:1001:
audio:x:29:web, root
video:*:44:web
empty:x:50
"""


def _resolve(user: str, groups: list[str] | None = None) -> ProcessUser:
    return resolve_user(user, groups or [], passwd=PASSWD, group=GROUP)


@pytest.mark.parametrize(
    ("user", "uid", "gid", "additional", "home"),
    [
        ("", 0, 0, (0, 29), "/root"),
        ("root", 0, 0, (0, 29), "/root"),
        ("0", 0, 0, (0, 29), "/root"),
        ("web", 1000, 1001, (1001, 29, 44), "/srv/web"),
        ("1000", 1000, 1001, (1001, 29, 44), "/srv/web"),
        ("web:audio", 1000, 29, (29,), "/srv/web"),
        ("web:7", 1000, 7, (7,), "/srv/web"),
        ("4242", 4242, 0, (0,), "/"),
        ("4242:web", 4242, 1001, (1001,), "/"),
        ("nohome", 78, 78, (78,), "/"),
    ],
)
def test_users_and_groups(user: str, uid: int, gid: int, additional: tuple[int, ...], home: str) -> None:
    assert _resolve(user) == ProcessUser(uid=uid, gid=gid, additional_gids=additional, home=home)


def test_digits_are_always_a_number() -> None:
    assert _resolve("123").uid == 123


def test_further_groups_by_name_and_number_without_repetition() -> None:
    assert _resolve("web", ["video", "29", "5"]).additional_gids == (1001, 29, 44, 5)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody", "unable to find user nobody: no matching entries in passwd file"),
        ("broken", "unable to find user broken"),
        ("short", "unable to find user short"),
        ("huge", "unable to find user huge"),
        ("# comment", "unable to find user"),
        ("web:nobody", "unable to find group nobody: no matching entries in group file"),
    ],
)
def test_unknown_names(user: str, message: str) -> None:
    with pytest.raises(NotFound, match=message):
        _resolve(user)


def test_unknown_further_group() -> None:
    with pytest.raises(NotFound, match="unable to find group nobody"):
        _resolve("web", ["nobody"])


@pytest.mark.parametrize("user", ["2147483648", "0:2147483648", "99999999999999999999", "-1", "1:-1"])
def test_numbers_out_of_range(user: str) -> None:
    with pytest.raises(InvalidArgument, match="must be in range 0-2147483647"):
        _resolve(user)


def test_image_without_any_files_still_runs_as_root() -> None:
    assert resolve_user("", [], passwd="", group="") == ProcessUser(additional_gids=(0,))
