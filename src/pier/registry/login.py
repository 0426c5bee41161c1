"""Trying credentials on a registry (`docker login`)."""

from pier.domain.errors import Unauthenticated
from pier.domain.registry import RegistryAuth
from pier.registry.auth import Authorizer
from pier.registry.conversation import Ask, Conversation
from pier.registry.endpoints import Endpoint
from pier.registry.transport import Transport


async def log_in(
    transport: Transport, schemes: dict[str, str], endpoint: Endpoint, domain: str, auth: RegistryAuth
) -> str:
    """Asks for the root of the API with these credentials; the identity token that the token service gave, or "".

    A registry that wants no login takes any. Raises Unauthenticated when they are refused, Unavailable, PierError.
    """
    authorizer = Authorizer(transport, auth, offline=not auth.identity_token)
    talk = Conversation(transport, authorizer, schemes)
    ask = Ask(method="GET", repository=domain, accepted=(200, 401, 403))
    async with talk.ask(ask, [endpoint]) as response:
        status, url = response.status, str(response.url)
    if status != 200:
        raise Unauthenticated(f"login attempt to {url} failed with status: {status} {_WORDS[status]}")
    return authorizer.identity_token


_WORDS = {401: "Unauthorized", 403: "Forbidden"}
