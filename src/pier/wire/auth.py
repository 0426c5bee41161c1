"""The X-Registry-Auth header: credentials as base64url of a JSON object."""

import base64
import binascii

from msgspec import field

from pier.wire.shape import Shape, compact, decode

HEADER = "X-Registry-Auth"


class AuthConfig(Shape, kw_only=True, rename=None, omit_defaults=True):
    """`username` and `password`, or one of the tokens. All empty: anonymous."""

    username: str | None = None
    password: str | None = None
    auth: str | None = None
    email: str | None = None
    server_address: str | None = field(default=None, name="serveraddress")
    identity_token: str | None = field(default=None, name="identitytoken")
    registry_token: str | None = field(default=None, name="registrytoken")

    def __post_init__(self) -> None:
        """Clients of old put `username:password` in base64 into `auth`."""
        if self.auth and not self.username:
            self.username, _, self.password = _text(self.auth).partition(":")


def decode_auth(header: str) -> AuthConfig:
    """Reads the header. An empty one is anonymous. Raises ValueError for what is neither base64 nor JSON."""
    if not header.strip():
        return AuthConfig()
    return decode(_text(header), AuthConfig)


def encode_auth(config: AuthConfig) -> str:
    return base64.urlsafe_b64encode(compact(config)).decode("ascii")


def _text(encoded: str) -> str:
    """Takes both alphabets, with or without padding."""
    standard = encoded.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"invalid credentials: {error}") from error
