"""A user's own seccomp profile (`--security-opt seccomp=<JSON>`), turned into the OCI document.

The JSON is Docker's: the OCI shape, plus `archMap`, `name` beside `names`, and rules that count only for some
architectures, capabilities or kernels (`includes`, `excludes`).
"""

import json
from collections.abc import Collection

from pier.domain.errors import PierError
from pier.domain.runtime import HostFacts
from pier.oci.inputs import Document
from pier.oci.kernel import kernel_at_least

_NATIVE = {
    "x86_64": ("SCMP_ARCH_X86_64", "amd64"),
    "aarch64": ("SCMP_ARCH_AARCH64", "arm64"),
}
_OPERATORS = frozenset(f"SCMP_CMP_{name}" for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"))


def load_profile(text: str, capabilities: Collection[str], facts: HostFacts) -> Document:
    """`linux.seccomp` from a profile's text. Raises PierError (dockerd answers 500) when it cannot be understood."""
    try:
        given = json.loads(text)
        return _convert(given, capabilities, facts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PierError(f"seccomp profile cannot be read: {error}") from error


def _convert(given: Document, capabilities: Collection[str], facts: HostFacts) -> Document:
    default_action = given.get("defaultAction")
    if not isinstance(default_action, str) or not default_action:
        raise ValueError("it has no defaultAction")
    document: Document = {"defaultAction": default_action}
    if given.get("defaultErrnoRet") is not None:
        document["defaultErrnoRet"] = _integer(given["defaultErrnoRet"])
    architectures = _architectures(given, facts.architecture)
    if architectures:
        document["architectures"] = architectures
    for key in ("flags", "listenerPath", "listenerMetadata"):
        if given.get(key):
            document[key] = given[key]
    rules = [_Rule(entry) for entry in _list(given.get("syscalls"))]
    document["syscalls"] = [rule.document() for rule in rules if rule.counts(capabilities, facts)]
    return document


def _architectures(given: Document, machine: str) -> list[object]:
    """`architectures` as they stand, or the entry of `archMap` for this machine with its sub-architectures."""
    plain, mapped = _list(given.get("architectures")), _list(given.get("archMap"))
    if plain and mapped:
        raise ValueError("both 'architectures' and 'archMap' are given, use either")
    if plain:
        return plain
    native = _NATIVE.get(machine, ("", ""))[0]
    for entry in mapped:
        if _object(entry).get("architecture") == native:
            return [native, *_list(_object(entry).get("subArchitectures"))]
    return []


class _Rule:
    """One entry of `syscalls`."""

    def __init__(self, entry: object) -> None:
        self._entry = _object(entry)

    def counts(self, capabilities: Collection[str], facts: HostFacts) -> bool:
        includes, excludes = _object(self._entry.get("includes")), _object(self._entry.get("excludes"))
        go_name = _NATIVE.get(facts.architecture, ("", facts.architecture))[1]
        wanted_arches, wanted_caps = _list(includes.get("arches")), _list(includes.get("caps"))
        if wanted_arches and go_name not in wanted_arches:
            return False
        if not all(capability in capabilities for capability in wanted_caps):
            return False
        if "minKernel" in includes and not kernel_at_least(facts.kernel, str(includes["minKernel"])):
            return False
        if go_name in _list(excludes.get("arches")):
            return False
        if any(capability in capabilities for capability in _list(excludes.get("caps"))):
            return False
        return not ("minKernel" in excludes and kernel_at_least(facts.kernel, str(excludes["minKernel"])))

    def document(self) -> Document:
        entry = self._entry
        names = [str(name) for name in _list(entry.get("names"))]
        if entry.get("name"):
            if names:
                raise ValueError("both 'name' and 'names' are given, use either")
            names = [str(entry["name"])]
        if not names:
            raise ValueError("a rule names no system call")
        document: Document = {"names": names, "action": str(entry["action"])}
        if entry.get("errnoRet") is not None:
            document["errnoRet"] = _integer(entry["errnoRet"])
        arguments = [_argument(_object(argument)) for argument in _list(entry.get("args"))]
        return document | ({"args": arguments} if arguments else {})


def _argument(given: Document) -> Document:
    operator = given["op"]
    if operator not in _OPERATORS:
        raise ValueError(f"unknown operator {operator}")
    argument: Document = {"index": _integer(given["index"]), "value": _integer(given.get("value", 0)), "op": operator}
    return argument | ({"valueTwo": _integer(given["valueTwo"])} if given.get("valueTwo") else {})


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {value!r}")
    return value


def _object(value: object) -> Document:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {value!r}")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"a number was expected, not {value!r}")
    return value
