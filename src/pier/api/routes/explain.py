"""Why a container does, or does not, answer: Pier's own."""

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.wire.network import Explanation, ExplanationStep


async def explain(call: Call) -> Answer:
    steps = await call.engine.explanation.explain(call.ref, call.text("port"))
    return json_reply(Explanation(steps=[ExplanationStep(text=step.text, wrong=step.wrong) for step in steps]))


ROUTES = (Route("GET", "/containers/{name...}/explain", explain, note="Pier's own"),)
