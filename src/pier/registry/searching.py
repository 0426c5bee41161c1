"""The search of registries (protocol 1 of Docker's registries, which Docker Hub serves to this day)."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from pier.domain.errors import NotFound, PierError
from pier.domain.registry import SearchResult
from pier.registry.conversation import Ask, Conversation, read_body
from pier.registry.endpoints import DOCKER_HUB, Endpoint

_HUB_HOST = "index.docker.io"
_MAX_ANSWER = 4 << 20


async def search(talk: Conversation, endpoint: Endpoint, domain: str, term: str, limit: int) -> list[SearchResult]:
    """At most `limit` repositories. Raises NotFound where the registry has no search, PierError."""
    host = _HUB_HOST if domain == DOCKER_HUB else endpoint.host
    place = replace(endpoint, host=host, root="/v1")
    ask = Ask(method="GET", repository=domain, what=f"search?{urlencode({'q': term, 'n': limit})}")
    try:
        async with talk.ask(ask, [place]) as response:
            body = await read_body(response, _MAX_ANSWER)
    except NotFound as error:
        raise NotFound(f"the registry {domain} has no search; name the image in full to pull it") from error
    try:
        found = json.loads(body)["results"]
        return [_result(item) for item in found][:limit]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PierError(f"the registry {domain} gave no list of repositories: {error}") from error


def _result(item: dict[str, object]) -> SearchResult:
    stars = item.get("star_count")
    return SearchResult(
        name=str(item["name"]),
        description=str(item.get("description") or ""),
        stars=stars if isinstance(stars, int) else 0,
        official=bool(item.get("is_official")),
        automated=bool(item.get("is_automated")),
    )
