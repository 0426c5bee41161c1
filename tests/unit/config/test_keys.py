from dataclasses import fields

from pier.config.keys import FIELDS, FIXED, KEYS, REFUSED
from pier.config.settings import Config


def test_every_field_has_a_key_and_every_key_a_field() -> None:
    derived = {"seccomp_profile_text"}
    assert {item.name for item in fields(Config)} - derived == set(FIELDS)


def test_a_key_is_honoured_fixed_or_refused() -> None:
    assert not set(KEYS) & set(FIXED)
    assert not set(KEYS) & set(REFUSED)
    assert not set(FIXED) & set(REFUSED)


def test_the_storage_driver_of_dockerd_is_known_by_its_name() -> None:
    assert KEYS["storage-driver"].read("overlay2") == "overlayfs"
