from fakes.raw_client import RawClient


async def test_version(client: RawClient) -> None:
    version = (await client.request("GET", "/version")).json()
    assert (version["ApiVersion"], version["MinAPIVersion"], version["Os"], version["Arch"]) == (
        "1.51",
        "1.24",
        "linux",
        "amd64",
    )
    assert [component["Name"] for component in version["Components"]] == ["Engine", "containerd"]


async def test_info(client: RawClient) -> None:
    info = (await client.request("GET", "/info")).json()
    assert (info["NCPU"], info["MemTotal"], info["OSType"], info["Architecture"]) == (2, 1 << 30, "linux", "x86_64")
    assert info["Swarm"]["LocalNodeState"] == "inactive"
    assert info["RegistryConfig"]["IndexConfigs"]["docker.io"]["Official"] is True
    assert info["Runtimes"] == {"runc": {"path": "runc"}}
    assert info["CgroupVersion"] == "1"
    assert info["NFd"] > 0


async def test_info_by_version(client: RawClient) -> None:
    old = (await client.request("GET", "/v1.45/info")).json()
    new = (await client.request("GET", "/v1.49/info")).json()
    assert ("Containerd" in old, "FirewallBackend" in old) == (False, False)
    assert ("Containerd" in new, "FirewallBackend" in new) == (True, True)


async def test_info_keeps_what_former_versions_had(client: RawClient) -> None:
    """Whether bridged packets pass iptables, and the commits of the binaries that were expected."""
    keys = {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
    commits = ("ContainerdCommit", "RuncCommit", "InitCommit")
    for version, bridges, expected in ((48, keys, True), (49, keys, False), (50, {}, False)):
        info = (await client.request("GET", f"/v1.{version}/info")).json()
        assert {key: value for key, value in info.items() if key.startswith("BridgeNf")} == bridges
        assert [info[name].get("Expected") for name in commits] == [
            info[name]["ID"] if expected else None for name in commits
        ]
