from pier.cli.render.template.typed import NIL, GoTypes, NilList, NilMap, OpenMap, typed, untyped

TYPES = GoTypes(maps=frozenset({"Labels"}), lists=frozenset({"Cmd"}))


def test_nulls_become_what_their_key_says_and_null_again() -> None:
    value = {"Labels": None, "Cmd": None, "P": None, "L": [{"Labels": {"a": None}}]}
    made = typed(value, TYPES)
    assert isinstance(made["Labels"], NilMap)
    assert isinstance(made["Cmd"], NilList)
    assert made["P"] is NIL
    assert isinstance(made["L"][0]["Labels"], OpenMap)
    assert untyped(made) == value


def test_nulls_are_false() -> None:
    assert not any((NilMap(), NilList(), NIL))
