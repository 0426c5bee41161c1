from pier.containerd.changes import ImageChanges


def test_there_is_a_number_only_while_changes_are_told() -> None:
    changes = ImageChanges()
    assert changes.number is None
    changes.follow()
    first = changes.number
    changes.lose()
    assert changes.number is None
    changes.follow()
    assert changes.number != first  # what happened in between is not known


def test_each_change_gives_a_new_number() -> None:
    changes = ImageChanges()
    changes.follow()
    seen = [changes.number]
    changes.note()
    seen.append(changes.number)
    assert seen[0] != seen[1]
