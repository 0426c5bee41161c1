from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.domain.container import RestartPolicy
from pier.domain.resources import Resources
from pier.engine.containers.commit import CommitRequest
from pier.engine.containers.update import UpdateRequest

QUERY = "container=web&repo=made&tag=v1&comment=why&author=who"


async def test_commit_answers_the_id(client: RawClient, engine: FakeEngine) -> None:
    response = await client.request("POST", f"/commit?{QUERY}")
    assert (response.status, response.json()) == (201, {"Id": "sha256:" + "c" * 64})
    assert engine.containers.commits == [
        CommitRequest(container="web", repository="made", tag="v1", comment="why", author="who")
    ]
    assert (await client.request("POST", "/commit?container=nobody")).status == 404


@pytest.mark.parametrize(
    ("query", "body", "field", "value"),
    [
        ("pause=0", None, "pause", False),
        ("pause=1", None, "pause", True),
        ("changes=CMD%20a%0AENV%20b%3Dc&changes=USER%20d", None, "changes", ("CMD a", "ENV b=c", "USER d")),
        ("", b"null", "config", None),
        ("", {}, "config", None),
    ],
)
async def test_what_the_query_and_the_body_say(
    client: RawClient, engine: FakeEngine, query: str, body: Any, field: str, value: object
) -> None:
    await client.request("POST", f"/commit?container=web&{query}", body)
    assert getattr(engine.containers.commits[0], field) == value


async def test_a_configuration_may_be_given(client: RawClient, engine: FakeEngine) -> None:
    await client.request("POST", "/commit?container=web", {"Cmd": ["x"], "Labels": {"a": "b"}})
    config = engine.containers.commits[0].config
    assert config is not None
    assert (config.cmd, config.labels) == (("x",), {"a": "b"})


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        (None, UpdateRequest()),
        ({}, UpdateRequest()),
        (
            {"Memory": 5, "NanoCpus": 0, "PidsLimit": -1, "Devices": [], "Ulimits": None},
            UpdateRequest(resources=Resources(memory=5, pids_limit=-1)),
        ),
        ({"RestartPolicy": {"Name": ""}}, UpdateRequest()),
        (
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
            UpdateRequest(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=3)),
        ),
    ],
)
async def test_update(client: RawClient, engine: FakeEngine, body: Any, request_: UpdateRequest) -> None:
    response = await client.request("POST", "/containers/web/update", body)
    assert (response.status, response.body) == (200, b'{"Warnings":null}\n')
    assert engine.containers.calls == [("update", "web", request_)]


async def test_a_limit_of_processes_counts_for_clients_that_know_of_it(client: RawClient, engine: FakeEngine) -> None:
    for version, expected in (("v1.39", None), ("v1.40", 5)):
        await client.request("POST", f"/{version}/containers/web/update", {"PidsLimit": 5})
        assert engine.containers.calls.pop()[2].resources.pids_limit == expected


async def test_update_warns_and_refuses(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.warnings = ["no swap"]
    assert (await client.request("POST", "/containers/web/update", {})).json() == {"Warnings": ["no swap"]}
    response = await client.request("POST", "/containers/web/update", {"Ulimits": [{"Name": "nofile"}]})
    assert (response.status, response.json()["message"].split(":")[0]) == (400, "Ulimits cannot be updated")
    assert (await client.request("POST", "/containers/web/update", {"CpuCount": 1})).status == 501
