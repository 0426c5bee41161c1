"""How requests are read that no careful client sends: JSON by Go's rules, queries, filters, and networks by name."""

from typing import Any
from urllib.parse import quote

from golden.scenario import scenario
from golden.subject import IMAGE, LABEL, Subject, filters

JSON = {"Content-Type": "application/json"}
_CREATE = f'"Image":"{IMAGE}","Labels":{{"golden":"1"}}'

# What a create makes of each: its status, and what inspect shows then. `%` stands for image and label.
BODIES: dict[str, str] = {
    "lower case": '{%,"tty":true,"env":["A=b"],"hostconfig":{"memory":33554432,"dns":["192.0.2.1"]}}',
    "upper case": '{%,"TTY":true,"HOSTCONFIG":{"READONLYROOTFS":true,"BLKIODEVICEREADIOPS":[]}}',
    "unknown keys": '{%,"Golden":1,"HostConfig":{"Golden":{"a":[]}}}',
    "null in lists": '{%,"Cmd":[null],"HostConfig":{"Dns":[null],"GroupAdd":[null],"Devices":[null]}}',
    "null in maps": '{%,"HostConfig":{"Sysctls":{"a":null},"Annotations":{"a":null}}}',
    "text for lists": '{%,"Cmd":"a b","Shell":"sh","HostConfig":{"CapAdd":"SYS_TIME","CapDrop":"MKNOD"}}',
    "short array": '{%,"HostConfig":{"ConsoleSize":[24]}}',
    "long array": '{%,"HostConfig":{"ConsoleSize":[24,80,7]}}',
    "negative array": '{%,"HostConfig":{"ConsoleSize":[-1,80]}}',
    "float": '{%,"StopTimeout":1.0}',
    "exponent": '{%,"StopTimeout":1e1}',
    "65 bits": '{%,"HostConfig":{"Memory":9223372036854775808}}',
    "17 bits": '{%,"HostConfig":{"BlkioWeight":65536}}',
    "text for number": '{%,"HostConfig":{"Memory":"33554432"}}',
    "number for text": '{%,"User":0}',
    "object for list": '{%,"Env":{"A":"b"}}',
    "list for object": '{%,"HostConfig":[]}',
    "port with a value": '{%,"ExposedPorts":{"80/tcp":"x"}}',
    "port with null": '{%,"ExposedPorts":{"80/tcp":null}}',
    "no Unicode": '{%,"Domainname":"a\\ud800b"}',
    "options of another mount": '{%,"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","BindOptions":{}}]}}',
    "no settings": '{%,"NetworkingConfig":{"EndpointsConfig":{"bridge":null}}}',
    "mac": '{%,"MacAddress":"x"}',
    "null": "null",
    "list": "[]",
    "nothing": "",
    "cut": "{%",
    "more": "{%} x",
    "comma": "{%,}",
    "byte order mark": "\ufeff{%}",
}
SHOWN = ("Cmd", "Domainname", "Env", "ExposedPorts", "Shell", "Tty")
SHOWN_OF_HOST = ("Annotations", "CapAdd", "CapDrop", "ConsoleSize", "Dns", "GroupAdd", "Memory", "ReadonlyRootfs")


@scenario
def decoded_bodies(s: Subject) -> None:
    for key, text in BODIES.items():
        reply = s.call("POST", "/containers/create", text.replace("%", _CREATE).encode(), JSON)
        seen: dict[str, Any] = {"status": reply.status}
        if reply.status == 201:
            made = s.inspect(reply.json()["Id"])
            seen |= {name: made["Config"].get(name) for name in SHOWN}
            seen |= {name: made["HostConfig"].get(name) for name in SHOWN_OF_HOST}
            seen["Networks"] = sorted(made["NetworkSettings"]["Networks"])
        elif not reply.message.startswith("invalid JSON"):  # what is wrong with it is said in each decoder's own words
            seen["message"] = reply.message
        s.record(key, seen)


@scenario
def decoded_queries(s: Subject) -> None:
    """Filters in both forms, names as regular expressions, values that do not fit."""
    s.create("seen")
    for kind in ("alpha", "beta"):
        s.must("POST", "/networks/create", {"Name": f"golden-{kind}", "Labels": LABEL})
        s.must("POST", "/volumes/create", {"Name": f"golden-{kind}"})
    for text in ("golden-a", "^golden-a", "^alpha", "golden-.*a$", "golden-[", "golden-*"):
        rows = s.must("GET", f"/networks?{filters(name=[text], label=['golden'])}")
        s.record(f"networks {text}", sorted(row["Name"] for row in rows))
        volumes = s.must("GET", f"/volumes?{filters(name=[text])}")["Volumes"]
        s.record(f"volumes {text}", sorted(row["Name"] for row in volumes))
        rows = s.must("GET", f"/containers/json?all=1&{filters(name=[text], label=['golden'])}")
        s.record(f"containers {text}", [row["Names"] for row in rows])
    for form in ('{"label":{"golden":true}}', '{"label":null}', '{"label":["golden"],"name":{"x":true}}', "[]", "null"):
        s.record(f"filters {form}", s.call("GET", f"/containers/json?filters={quote(form)}").status)
    for key, target in {
        "scope": "/networks/golden-alpha?scope=swarm",
        "verbose": "/networks/golden-alpha?verbose=golden",
        "events that end before they begin": "/events?since=2&until=1",
        "events of no number": "/events?since=9223372036854775808",
        "limit of 65 bits": "/containers/json?limit=9223372036854775808",
    }.items():
        s.record_reply(key, s.call("GET", target))
    s.record_reply("start with a body", s.call("POST", "/containers/golden-seen/start", {"Binds": []}))
    s.record_reply("exec of a text", s.call("POST", "/containers/golden-seen/exec", {"Cmd": []}))


@scenario
def joined_networks(s: Subject) -> None:
    """Which networks a container is on, by its mode and by what else the request names, and when it was taken off."""
    for kind in ("one", "two"):
        s.must("POST", "/networks/create", {"Name": f"golden-{kind}", "Labels": LABEL})
    asked: dict[str, tuple[str, list[str]]] = {
        "mode alone": ("golden-one", []),
        "default and another": ("default", ["golden-one"]),
        "bridge and two": ("bridge", ["golden-one", "golden-two"]),
        "both": ("golden-one", ["golden-one", "golden-two"]),
        "another": ("golden-one", ["golden-two"]),
    }
    for key, (mode, names) in asked.items():
        networking: dict[str, Any] = {"EndpointsConfig": {name: {} for name in names}}
        container_id = s.create(
            key.replace(" ", "-"),
            Cmd=["sleep", "1000"],
            HostConfig={"NetworkMode": mode},
            NetworkingConfig=networking,
        )
        seen = [_networks(s, container_id)]
        s.must("POST", f"/containers/{container_id}/start")
        seen.append(_networks(s, container_id))
        for name in seen[-1]:
            s.must("POST", f"/networks/{name}/disconnect", {"Container": container_id})
        s.must("POST", f"/containers/{container_id}/restart?t=0")
        s.record(key, [*seen, _networks(s, container_id)])


def _networks(s: Subject, container_id: str) -> list[str]:
    return sorted(s.inspect(container_id)["NetworkSettings"]["Networks"])
