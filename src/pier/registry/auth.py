"""Logging in to registries: Basic, and Bearer tokens (distribution's token authentication; OAuth2, RFC 6749)."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from pier.domain.errors import PierError
from pier.domain.registry import RegistryAuth
from pier.registry.challenge import Challenge, parse_challenges
from pier.registry.endpoints import Endpoint
from pier.registry.errors import token_refusal
from pier.registry.transport import Transport

_CLIENT_ID = "pier"
_MAX_TOKEN = 1 << 20  # bytes of a token service's answer


class Authorizer:
    """Turns challenges into Authorization headers for one user. What it learnt is forgotten with it."""

    def __init__(self, transport: Transport, auth: RegistryAuth, *, offline: bool = False) -> None:
        """`offline` asks for a token that stands for the password from then on, and keeps it in `identity_token`."""
        self._transport = transport
        self._auth = auth
        self._offline = offline
        self.identity_token = ""

    async def answer(self, headers: Sequence[str], endpoint: Endpoint, repository: str, scopes: Sequence[str]) -> str:
        """The Authorization header that these WWW-Authenticate headers ask for. A mirror is asked without credentials.

        `scopes` are what the caller is about to do, in distribution's words (`repository:x:pull,push`).

        Raises NotFound, Unauthenticated, PermissionDenied, PierError.
        """
        auth = RegistryAuth() if endpoint.is_mirror else self._auth
        challenges = parse_challenges(headers)
        for challenge in challenges:
            if challenge.scheme == "bearer":
                token = auth.registry_token or await self._token(challenge, auth, endpoint, repository, scopes)
                return f"Bearer {token}"
        if any(challenge.scheme == "basic" for challenge in challenges):
            if not auth.username:
                raise PierError(f"{repository}: no basic auth credentials; log in to {endpoint.host} first")
            return _basic(auth)
        raise PierError(f"the registry {endpoint.host} wants a login of a kind that Pier does not know")

    async def _token(
        self, challenge: Challenge, auth: RegistryAuth, endpoint: Endpoint, repository: str, scopes: Sequence[str]
    ) -> str:
        realm = challenge.parameters.get("realm", "")
        if urlsplit(realm).scheme not in ("https", *(("http",) if endpoint.insecure else ())):
            raise PierError(f"the registry {endpoint.host} names {realm!r} for logins, which is no safe address")
        wanted = _join_scopes(challenge.parameters.get("scope", ""), scopes)
        service = {"service": challenge.parameters["service"]} if challenge.parameters.get("service") else {}
        offline = {"offline_token": "true", "client_id": _CLIENT_ID, "account": auth.username} if self._offline else {}
        query = urlencode([*(("scope", scope) for scope in wanted), *service.items(), *offline.items()])
        headers, form, url = {}, None, f"{realm}{'&' if '?' in realm else '?'}{query}" if query else realm
        if auth.identity_token:
            form = {
                **({"scope": " ".join(wanted)} if wanted else {}),
                **service,
                "grant_type": "refresh_token",
                "refresh_token": auth.identity_token,
                "client_id": _CLIENT_ID,
            }
            url = realm
        elif auth.username:
            headers["Authorization"] = _basic(auth)
        async with self._transport.open(
            "POST" if form else "GET", url, headers=headers, form=form, tls=endpoint.tls
        ) as response:
            body = await response.content.read(_MAX_TOKEN)
            while len(body) < _MAX_TOKEN and (more := await response.content.read(_MAX_TOKEN - len(body))):
                body += more
        if response.status != 200:
            anonymous = not (auth.username or auth.identity_token)
            pushing = any("push" in scope.rpartition(":")[2].split(",") for scope in wanted)
            raise token_refusal(
                response.status,
                body,
                host=endpoint.host,
                repository=repository,
                anonymous=anonymous,
                pushing=pushing,
            )
        token, self.identity_token = _read_token(body, endpoint.host)
        return token


def _join_scopes(asked: str, scopes: Sequence[str]) -> list[str]:
    """What the registry asks for, and of what the caller will do everything that is not part of that."""
    words = asked.split()
    granted = {(name, verb) for name, _, verbs in (word.rpartition(":") for word in words) for verb in verbs.split(",")}
    for scope in scopes:
        name, _, verbs = scope.rpartition(":")
        if not all((name, verb) in granted for verb in verbs.split(",")):
            words.append(scope)
    return words


def _read_token(body: bytes, host: str) -> tuple[str, str]:
    """The token, and the one for further logins where there is one."""
    try:
        document = json.loads(body)
        token = document.get("token") or document.get("access_token")
        refresh = document.get("refresh_token") or ""
    except (ValueError, AttributeError, RecursionError):
        token = None
    if not isinstance(token, str):
        raise PierError(
            f"the token service of {host} gave no token: authorization server did not include a token in the response; "
            "try again later"
        )
    return token, refresh if isinstance(refresh, str) else ""


def _basic(auth: RegistryAuth) -> str:
    return "Basic " + base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode("ascii")
