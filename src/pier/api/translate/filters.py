"""The `filters` query: `{"label":["a"]}`, or `{"label":{"a":true}}` as the docker CLI sends it."""

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters
from pier.wire.shape import decode

_Given = dict[str, dict[str, bool] | None]
_Older = dict[str, list[str] | None]
_NONE = Filters()


def load_filters(text: str) -> Filters:
    """Raises InvalidArgument for what is neither form, or both at once."""
    if not text:
        return _NONE
    given: _Given | _Older
    try:
        given = decode(text, _Given)
    except ValueError:
        try:
            given = decode(text, _Older)
        except ValueError as error:
            raise InvalidArgument("invalid filter") from error
    return Filters({key: tuple(values or ()) for key, values in given.items()})
