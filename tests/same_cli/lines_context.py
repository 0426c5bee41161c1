"""Contexts: docker's store, kept and read by both clients, and which of them a command runs in."""

import hashlib
import json
from typing import Any

from same_cli.line import Line, lines


def context(name: str, host: str, **metadata: str) -> dict[str, str]:
    """The file of a context."""
    meta = {"Name": name, "Metadata": metadata, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    return {f"c/contexts/meta/{_hashed(name)}/meta.json": json.dumps(meta, separators=(",", ":"))}


def tls(name: str) -> dict[str, str]:
    """The TLS files of a context."""
    return {f"c/contexts/tls/{_hashed(name)}/docker/{file}.pem": f"{file}\n" for file in ("ca", "cert", "key")}


def using(name: str) -> dict[str, str]:
    """The configuration after `context use`."""
    return {"c/config.json": json.dumps({"auths": {}, "currentContext": name})}


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


FAR = context("far", "tcp://1.2.3.4:2376", Description="A far one") | tls("far")
NEAR = context("near", "{engine}")
MANY = FAR | NEAR | context("a10", "ssh://me@host") | context("a2", "unix:///x")
HERE = {"DOCKER_CONFIG": "c"}
NO_HOST = {"DOCKER_CONFIG": "c", "DOCKER_HOST": ""}


def line(text: str, files: dict[str, str] | None = None, env: dict[str, str] | None = None, **more: Any) -> Line:
    return Line(text, files=files or {}, env=env or NO_HOST, **more)


lines(
    "context",
    *(
        line(text, MANY | using("far"))
        for text in (
            "context ls",
            "context ls -q",
            "context list --quiet",
            "context ls --format json",
            "context ls --format '{{.Name}}|{{.Description}}|{{.DockerEndpoint}}|{{.Current}}|{{.Error}}'",
            "context ls --format '{{.Wrong}}'",
            "context ls extra",
            "context show",
            "context show extra",
            "context inspect",
            "context inspect far near",
            "context inspect nope near",
            "context inspect -f '{{.Name}} {{.Endpoints.docker.Host}} {{.TLSMaterial}}' far",
            "context inspect --format '{{json .Metadata}}' far",
            "context use near",
            "context use default",
            "context use far",
            "context use nope",
            "context use 'bad name'",
            "context rm near",
            "context rm far",
            "context rm -f far",
            "context rm near nope a2",
            "context rm --force nope near",
            "context rm default",
            "context rm",
            "context remove a10",
            "context update far --description 'closer now'",
            "context update far --docker host=unix:///y --description ''",
            "context update far --docker host=tcp://h:1,ca=nope.pem",
            "context update nope --description x",
            "context update default --description x",
            "context update",
            "context export a2 -",
            "context export a2",
            "context export nope",
            "context export a2 missing/file",
            "context export",
            "context create far --docker host=unix:///x",
            "context create new --from far",
            "context create new --from far --description other",
            "context create new --from far --docker host=unix:///x",
            "context create new --from nope",
            "context create new --docker from=far",
            "context create new --docker from=nope",
            "context create new",
            "context nope",
            "-c near ps -q",
            "-c nope ps -q",
            "-c near -H unix:///x ps -q",
            "--context default context show",
            "--context nope context ls",
            "-H unix:///z context ls",
        )
    ),
    *(
        line(text)
        for text in (
            "context create new --docker host=tcp://1.2.3.4:5 --description 'A new one'",
            "context create new --docker host=tcp://1.2.3.4:5,skip-tls-verify=true",
            "context create new --docker host=tcp://1.2.3.4:5,skip-tls-verify=maybe",
            "context create new --docker host=ssh://me@there",
            "context create new --docker wrong=x",
            "context create new --docker host",
            "context create new --docker skip-tls-verify=true",
            "context create x --docker host=unix:///x",
            "context create default --docker host=unix:///x",
            "context create 'bad name'",
            "context create",
            "context create a b",
            "context import new nope.tar",
            "context import default nope.tar",
            "context import x nope.tar",
            "context import new",
        )
    ),
    line(
        "context create new --docker host=tcp://h:1,ca=ca.pem,cert=cert.pem,key=key.pem",
        {"ca.pem": "ca\n", "cert.pem": "cert\n", "key.pem": "key\n"},
    ),
    line("context import new garbage", {"garbage": "garbage"}),
    line("context import far -", FAR, stdin="x"),
    line("ps -q", NEAR | using("near"), note="in use"),
    line("ps -q", using("nope"), note="none in use"),
    line("ps -q", NEAR, {**NO_HOST, "DOCKER_CONTEXT": "near"}, note="DOCKER_CONTEXT"),
    line("ps -q", NEAR | using("near"), {**NO_HOST, "DOCKER_CONTEXT": "nope"}, note="DOCKER_CONTEXT first"),
    line("ps -q", FAR | using("far"), HERE, note="DOCKER_HOST first"),
    line("context show", FAR | using("far"), HERE, note="DOCKER_HOST"),
    line("context show", FAR, {**HERE, "DOCKER_CONTEXT": "far"}, note="DOCKER_HOST before DOCKER_CONTEXT"),
    line("context show", FAR, {**NO_HOST, "DOCKER_CONTEXT": "far"}, note="DOCKER_CONTEXT"),
    line("context ls", FAR | using("far"), HERE, note="DOCKER_HOST"),
    line("context use far", FAR, HERE, note="DOCKER_HOST"),
    line("context use default", FAR | using("far"), HERE, note="DOCKER_HOST"),
    line("context ls", using("nope"), HERE, note="none there"),
    line("context create new", env=HERE, note="DOCKER_HOST"),
    line("context inspect", env=HERE, note="DOCKER_HOST"),
    line("-c far context show", FAR, HERE, note="DOCKER_HOST"),
)
