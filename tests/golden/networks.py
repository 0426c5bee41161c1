"""Networks and volumes."""

from golden.scenario import scenario
from golden.subject import LABEL, Subject, filters


@scenario
def network_shapes(s: Subject) -> None:
    body = {
        "Name": "golden-own",
        "Driver": "bridge",
        "Attachable": True,
        "Labels": {**LABEL, "a": "b"},
        "Options": {"com.docker.network.driver.mtu": "1400"},
        "IPAM": {
            "Driver": "default",
            "Options": {},
            "Config": [
                {
                    "Subnet": "10.213.78.0/24",
                    "Gateway": "10.213.78.1",
                    "IPRange": "10.213.78.128/25",
                    "AuxiliaryAddresses": {"printer": "10.213.78.5"},
                }
            ],
        },
    }
    s.record("create", s.must("POST", "/networks/create", body))
    s.record("create plain", s.must("POST", "/networks/create", {"Name": "golden-plain", "Labels": LABEL}))
    body = {"Name": "golden-inside", "Labels": LABEL, "Internal": True}
    s.record("create internal", s.must("POST", "/networks/create", body))
    s.run("member", "sleep", "1000", HostConfig={"NetworkMode": "golden-own"})
    for version in ("1.24", "1.47", "1.51"):
        for name in ("own", "plain", "inside"):
            s.record_get(f"{name} {version}", f"/v{version}/networks/golden-{name}")
        rows = s.must("GET", f"/v{version}/networks?{filters(label=['golden'])}")
        s.record(f"list {version}", sorted(rows, key=lambda row: str(row["Name"])))
    for name in ("bridge", "host", "none"):
        seen = s.must("GET", f"/networks/{name}")
        seen["Containers"] = {}
        s.record(name, seen)
    s.record("no network", s.must("GET", f"/networks?{filters(name=['golden-nothing'])}"))
    s.record_reply("prune", s.call("POST", f"/networks/prune?{filters(label=['golden=nothing'])}"))


@scenario
def volume_shapes(s: Subject) -> None:
    body = {"Name": "golden-own", "Labels": {**LABEL, "a": "b"}, "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}}
    s.record_reply("create", s.call("POST", "/volumes/create", body))
    s.record_reply("create again", s.call("POST", "/volumes/create", {"Name": "golden-own"}))
    s.record_reply("create plain", s.call("POST", "/volumes/create", {"Name": "golden-plain"}))
    s.record_get("inspect", "/volumes/golden-own")
    rows = s.must("GET", f"/volumes?{filters(name=['golden-'])}")
    rows["Volumes"].sort(key=lambda row: row["Name"])
    s.record("list", rows)
    s.record_get("no volume", f"/volumes?{filters(name=['golden-nothing'])}")
    s.record_reply("removed", s.call("DELETE", "/volumes/golden-own"))
    s.record_reply("prune", s.call("POST", f"/volumes/prune?{filters(label=['golden=nothing'])}"))
    reply = s.call("POST", "/volumes/create", {"Labels": LABEL})
    s.record_reply("anonymous", reply)
    s.must("DELETE", f"/volumes/{reply.json()['Name']}")
