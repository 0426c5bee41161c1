"""What Pier itself answers to a question, from the zone. Pure."""

from pier.network.dns.message import (
    AAAA,
    ANY,
    FORMERR,
    IN,
    NOERROR,
    NOTIMP,
    PTR,
    A,
    Malformed,
    Query,
    Record,
    build_reply,
    encode_name,
    error_reply,
    is_query,
    parse_query,
    parse_reverse,
)
from pier.network.dns.zone import Zone

TTL = 5  # seconds: a name's container may be another one soon


def read_query(data: bytes) -> Query | bytes:
    """The question in it; else the answer to send back, empty for none at all. Never raises."""
    if not is_query(data):
        return b""
    try:
        query = parse_query(data)
    except Malformed:
        return error_reply(data, FORMERR)
    return query if query.opcode == 0 else error_reply(data, NOTIMP)


def local_answer(zone: Zone, container_id: str, query: Query, *, limit: int) -> bytes | None:
    """The answer of at most `limit` bytes, or None when it is another server's to give.

    A name of a container has no records but its addresses: any other type, or a family it has no address of, is an
    empty answer, not "no such name", else a client that asks for AAAA first would give up.
    """
    if query.klass != IN:
        return None
    if query.kind == PTR and (address := parse_reverse(query.name)):
        name = zone.find_name(container_id, address)
        return build_reply(query, NOERROR, [Record(PTR, TTL, encode_name(name))], limit=limit) if name else None
    addresses = zone.find(container_id, query.name)
    if not addresses:
        return None
    kinds = {A: (4,), AAAA: (6,), ANY: (4, 6)}.get(query.kind, ())
    records = [
        Record(A if address.version == 4 else AAAA, TTL, address.packed)
        for address in addresses
        if address.version in kinds
    ]
    return build_reply(query, NOERROR, records, limit=limit)
