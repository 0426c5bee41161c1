import base64

import pytest

from pier.wire.auth import AuthConfig, decode_auth, encode_auth


def test_there_and_back() -> None:
    config = AuthConfig(username="ü", password="?>", server_address="h:5000")
    assert decode_auth(encode_auth(config)) == config


def test_keys_are_one_word() -> None:
    header = base64.urlsafe_b64encode(b'{"serveraddress":"h","identitytoken":"i","registrytoken":"r"}').decode()
    config = decode_auth(header)
    assert (config.server_address, config.identity_token, config.registry_token) == ("h", "i", "r")


@pytest.mark.parametrize("header", ["", " ", "e30=", "e30"])
def test_anonymous(header: str) -> None:
    assert decode_auth(header) == AuthConfig()


def test_both_alphabets_and_the_old_key_are_read() -> None:
    secret = base64.b64encode(b"u:p:q").decode()
    header = base64.b64encode(b'{"auth":"' + secret.encode() + b'","identitytoken":null}').decode()
    config = decode_auth(header)
    assert (config.username, config.password) == ("u", "p:q")


@pytest.mark.parametrize("header", ["%%", "bm90IGpzb24=", "/w=="])
def test_garbage_is_an_error(header: str) -> None:
    with pytest.raises(ValueError):
        decode_auth(header)
