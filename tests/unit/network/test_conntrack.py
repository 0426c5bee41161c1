import pytest
from support.netlab import Lab

from pier.network.conntrack import forget_udp_flows

pytestmark = pytest.mark.root


def test_only_the_flows_to_the_given_ports_are_forgotten(lab: Lab) -> None:
    lab.sh(
        "nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }; add rule ip t c ct state new'"
    )
    for port in (6001, 6002):
        lab.serve(port, protocol="udp")
        assert lab.ask("127.0.0.1", port, protocol="udp")
    assert flows(lab) == {6001, 6002}

    lab.do(lambda: forget_udp_flows([6001]))

    assert flows(lab) == {6002}


def flows(lab: Lab) -> set[int]:
    """The destination ports of the UDP flows that the lab's kernel tracks, as pyroute2 reads them."""
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket

    def look() -> set[int]:
        found = set()
        with NFCTSocket() as conntrack:
            for flow in conntrack.dump():
                protocol = flow.get_attr("CTA_TUPLE_ORIG").get_attr("CTA_TUPLE_PROTO")
                if protocol.get_attr("CTA_PROTO_NUM") == 17:
                    found.add(protocol.get_attr("CTA_PROTO_DST_PORT"))
        return found

    return lab.do(look)
