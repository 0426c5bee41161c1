"""`/auth`, `/distribution`, `/images/search`: what is asked of registries."""

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.api.translate.registries import describe_remote, describe_search, load_auth, load_credentials
from pier.domain import reference
from pier.domain.errors import InvalidArgument, PierError
from pier.domain.registry import RegistryAuth
from pier.wire.auth import HEADER, AuthConfig
from pier.wire.registry import LoginReply


def auth_of(call: Call) -> RegistryAuth:
    """The credentials of a request. Garbage counts as none, as with dockerd: the registry asks where it needs some."""
    try:
        return load_auth(call.request.headers.get(HEADER.lower(), ""))
    except ValueError:
        return RegistryAuth()


async def login(call: Call) -> Answer:
    token = await call.engine.registries.login(load_credentials(await call.untyped_body(AuthConfig)))
    return json_reply(LoginReply(identity_token=token, status="Login Succeeded"))


async def inspect(call: Call) -> Answer:
    found = await call.engine.registries.inspect(reference.parse(call.ref), auth_of(call))
    return json_reply(describe_remote(found))


async def search(call: Call) -> Answer:
    try:
        limit = call.integer("limit")
    except PierError as error:
        raise InvalidArgument(f"invalid limit specified: {error.message}") from error
    found = await call.engine.registries.search(
        call.text("term"), limit=limit, filters=call.filters(), auth=auth_of(call)
    )
    return json_reply([describe_search(item) for item in found])


ROUTES = (
    Route("POST", "/auth", login),
    Route("GET", "/distribution/{name...}/json", inspect),
    Route("GET", "/images/search", search),
)
