"""JSON values that remember what Go's types would make of a missing or null value.

Docker's CLI runs templates over Go structs: a null list prints as [], a null map as map[], a null pointer as <nil>, and
a key that a map lacks is <no value>, not an error. JSON alone does not tell a struct from a map, so GoTypes names the
keys that hold maps and lists.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple


class GoTypes(NamedTuple):
    """What is known of the types behind the JSON, by key.

    `maps` and `lists` hold the one or the other; `optional` keys may be left out and have the given zero value; `names`
    are fields' names in Go whose JSON keys are spelt otherwise.
    """

    maps: AbstractSet[str] = frozenset()
    lists: AbstractSet[str] = frozenset()
    optional: Mapping[str, Any] = {}
    names: Mapping[str, str] = {}


UNTYPED = GoTypes()


class OpenMap(dict[str, Any]):
    """A map with any keys: one that is not there is no error."""


class NilMap(OpenMap):
    """A map that is null."""


class NilList(list[Any]):
    """A list that is null."""


class Nil:
    """A null pointer."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "<nil>"


NIL = Nil()


def typed(value: Any, types: GoTypes, key: str = "") -> Any:
    """`value`, which stands under `key`, with its maps, lists and nulls made what they are in Go."""
    if value is None:
        return NilMap() if key in types.maps else NilList() if key in types.lists else NIL
    if isinstance(value, dict):
        if key in types.maps:  # Go prints a map's keys in order, a struct's fields as declared
            return OpenMap({name: typed(value[name], types, name) for name in sorted(value)})
        return {name: typed(item, types, name) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item, types) for item in value]
    return value


def untyped(value: Any) -> Any:
    """The JSON value again."""
    if isinstance(value, Nil | NilMap | NilList):
        return None
    if isinstance(value, dict):
        return {name: untyped(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [untyped(item) for item in value]
    return value
