"""Fits the JSON of a request to a shape as Go's encoding/json does, which is what Docker's clients are written against.

A key fits whatever its case. A null in a list or a map is the zero value of what should stand there. An array of fixed
length may be too short (zeros follow) or too long (the rest is dropped). All else is left as it is, for the conversion
to accept or refuse.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import inspect

Fit: TypeAlias = Callable[[Any], Any]

_FITS: dict[Any, Fit] = {}  # by shape: made once for each
_ZEROS: dict[type[inspect.Type], Callable[[], Any]] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.BoolType: bool,
    inspect.ListType: list,
    inspect.DictType: dict,
    inspect.StructType: dict,
}


def fit_for(shape: Any) -> Fit:
    """What makes a decoded document one that `msgspec.convert` takes for the type `shape`."""
    fit = _FITS.get(shape)
    if fit is None:
        fit = _FITS[shape] = _fit(inspect.type_info(shape)) or _unchanged
    return fit


def _unchanged(value: Any) -> Any:
    return value


def _fit(kind: inspect.Type) -> Fit | None:
    """None where nothing in such a value ever has to change."""
    match kind:
        case inspect.StructType():
            return _fit_struct(kind)
        case inspect.ListType(item_type=item):
            return _fit_list(item)
        case inspect.TupleType(item_types=items):
            return _fit_array(items)
        case inspect.DictType(value_type=item):
            return _fit_map(item)
        case inspect.UnionType(types=kinds):
            return _fit_any([fit for fit in map(_fit, kinds) if fit is not None])
    return None


def _fit_struct(kind: inspect.StructType) -> Fit:
    fields = {field.encode_name.lower(): (field.encode_name, _fit(field.type)) for field in kind.fields}

    def fit(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fitted = {}
        for key, item in value.items():
            if (field := fields.get(key.lower())) is not None:
                name, fit_item = field
                fitted[name] = item if fit_item is None else fit_item(item)
        return fitted

    return fit


def _fit_item(kind: inspect.Type) -> Fit:
    """For what stands in a list or a map."""
    fit, zero = _fit(kind) or _unchanged, _ZEROS.get(type(kind))
    if zero is None:  # null is welcome there, or nothing is known of it
        return fit
    return lambda value: zero() if value is None else fit(value)


def _fit_list(kind: inspect.Type) -> Fit:
    fit = _fit_item(kind)
    return lambda value: [fit(item) for item in value] if isinstance(value, list) else value


def _fit_array(kinds: tuple[inspect.Type, ...]) -> Fit:
    fits = [_fit_item(kind) for kind in kinds]

    def fit(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        padded = [*value, *[None] * len(fits)]
        return [fit_item(item) for fit_item, item in zip(fits, padded, strict=False)]

    return fit


def _fit_map(kind: inspect.Type) -> Fit:
    fit = _fit_item(kind)
    return lambda value: {key: fit(item) for key, item in value.items()} if isinstance(value, dict) else value


def _fit_any(fits: list[Fit]) -> Fit | None:
    """Of a union; each member's fit leaves the others' values alone."""
    if not fits:
        return None
    if len(fits) == 1:
        return fits[0]

    def fit(value: Any) -> Any:
        for one in fits:
            value = one(value)
        return value

    return fit
