"""Comma-separated fields of one flag value, with double quotes as in CSV (RFC 4180): --mount, --gpus and others."""


def split_fields(text: str) -> list[str]:
    """The fields of one line. Raises ValueError for a quote in the wrong place or no field at all."""
    if not text:
        raise ValueError("EOF")
    fields: list[str] = []
    rest = text
    while True:
        if rest.startswith('"'):
            field, rest = _quoted(rest[1:])
        else:
            field, comma, tail = rest.partition(",")
            if '"' in field:
                raise ValueError('parse error: bare " in non-quoted-field')
            rest = comma + tail
        fields.append(field)
        if not rest:
            return fields
        if not rest.startswith(","):
            raise ValueError('parse error: extraneous or missing " in quoted-field')
        rest = rest[1:]


def _quoted(rest: str) -> tuple[str, str]:
    field = ""
    while True:
        part, quote, rest = rest.partition('"')
        field += part
        if not quote:
            raise ValueError('parse error: extraneous or missing " in quoted-field')
        if not rest.startswith('"'):
            return field, rest
        field, rest = field + '"', rest[1:]
