from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.engine.explain import Step


async def test_steps_are_sentences(client: RawClient, engine: FakeEngine) -> None:
    engine.explanation.steps = [Step("it runs"), Step("nothing listens", wrong=True)]
    reply = await client.request("GET", "/containers/web/explain?port=80")
    assert reply.json() == {"Steps": [{"Text": "it runs", "Wrong": False}, {"Text": "nothing listens", "Wrong": True}]}
    assert engine.explanation.asked == [("web", "80")]
