"""Users and groups by the passwd(5) and group(5) files of a container. Pure: texts in, numbers out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.runtime import ProcessUser

_MAX_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def resolve_user(user: str, groups: Sequence[str], *, passwd: str, group: str) -> ProcessUser:
    """`user[:group]` by name or number; all digits are always a number. Empty: root.

    Without `:group` the user's own group counts, and every group that lists the user is added; `groups` (GroupAdd)
    are added in any case. The primary group is among the additional ones too, or the process could drop it.
    Raises NotFound for a name without an entry, InvalidArgument for a number out of range.
    """
    wanted_user, _, wanted_group = user.partition(":")
    account = _find_account(wanted_user, passwd)
    known = list(_groups(group))
    if wanted_group:
        gid, additional = _find_gid(wanted_group, known, f"unable to find group {wanted_group}"), []
    else:
        gid = account.gid
        additional = [entry.gid for entry in known if account.name and account.name in entry.members]
    additional += [_find_gid(name, known, f"unable to find group {name}") for name in groups]
    return ProcessUser(
        uid=account.uid, gid=gid, additional_gids=tuple(dict.fromkeys([gid, *additional])), home=account.home
    )


def _find_account(wanted: str, passwd: str) -> _Account:
    number = _number(wanted or "0")
    for account in _accounts(passwd):
        if account.uid == number if number is not None else account.name == wanted:
            return account
    if number is None:
        raise NotFound(f"unable to find user {wanted}: no matching entries in passwd file")
    return _Account("", number, 0, "/")


def _find_gid(wanted: str, known: Sequence[_Group], complaint: str) -> int:
    number = _number(wanted)
    if number is not None:
        return number
    for group in known:
        if group.name == wanted:
            return group.gid
    raise NotFound(f"{complaint}: no matching entries in group file")


def _number(text: str) -> int | None:
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        return None
    if not 0 <= int(text) <= _MAX_ID:
        raise InvalidArgument("uids and gids must be in range 0-2147483647")
    return int(text)


def _accounts(passwd: str) -> Iterator[_Account]:
    for fields in _lines(passwd, 6):
        uid, gid = _entry_number(fields[2]), _entry_number(fields[3])
        if uid is not None and gid is not None:
            yield _Account(fields[0], uid, gid, fields[5] or "/")


def _groups(text: str) -> Iterator[_Group]:
    for fields in _lines(text, 3):
        gid = _entry_number(fields[2])
        if gid is not None:
            members = fields[3].split(",") if len(fields) > 3 else []
            yield _Group(fields[0], gid, tuple(member.strip() for member in members if member.strip()))


def _lines(text: str, least: int) -> Iterator[list[str]]:
    """Entries with at least so many fields; a broken line is nobody's, as for the C library."""
    for line in text.split("\n"):
        fields = line.strip().split(":")
        if len(fields) >= least and fields[0] and not fields[0].startswith(("#", "+", "-")):
            yield fields


def _entry_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _MAX_ID else None
