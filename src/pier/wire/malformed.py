"""What is wrong with a text that is no JSON, in the words of Go's encoding/json.

Docker's clients show and compare them. msgspec says what it expected and at which byte; what stands there instead is
looked up, so the text is not read a second time, however long it is.
"""

import re

_MESSAGE = re.compile(r"JSON is malformed: (?P<reason>.*) \(byte (?P<byte>\d+)\)")
_KEY, _VALUE, _NUMBER = (
    "looking for beginning of object key string",
    "looking for beginning of value",
    "in numeric literal",
)
_CONTEXTS = {
    "object keys must be strings": _KEY,
    "trailing comma in object": _KEY,
    "trailing comma in array": _VALUE,
    "expected ':'": "after object key",
    "expected ',' or '}'": "after object key:value pair",
    "expected ',' or ']'": "after array element",
}
_WORDS = (b"true", b"null", b"false")


def describe(message: str, data: bytes) -> str:
    """msgspec's `message` about `data` in Go's words; where there are none for it, as it is."""
    if message == "Input data was truncated":
        return "unexpected EOF"
    found = _MESSAGE.fullmatch(message)
    if found is None:
        return message
    reason, position = found["reason"], int(found["byte"])
    if reason == "trailing characters":
        return "unexpected content after JSON"
    if reason in _CONTEXTS:
        return _invalid(data, position, _CONTEXTS[reason])
    if reason == "invalid number" and data[position - 1 : position] != b"0":  # no number begins with 0: Go sees two
        return _invalid(data, position, _NUMBER)
    if reason == "invalid character" and (word := _in_word(data, position)):
        return word
    if reason == "invalid character" and data[position : position + 1] >= b" ":  # else one that no text may hold
        return _invalid(data, position, _NUMBER if data[:position].endswith(b"-") else _VALUE)
    return message


def _in_word(data: bytes, end: int) -> str:
    """Of a `true`, `null` or `false` that is misspelt; msgspec tells where it would have ended."""
    for word in _WORDS:
        start = end - len(word)
        given = data[start:end] if start >= 0 else b""
        if given[:1] == word[:1] and data[:start].rstrip()[-1:] in (b":", b"[", b",", b""):
            wrong = next(index for index, pair in enumerate(zip(word, given, strict=True)) if pair[0] != pair[1])
            return _invalid(data, start + wrong, f"in literal {word.decode()} (expecting '{chr(word[wrong])}')")
    return ""


def _invalid(data: bytes, position: int, context: str) -> str:
    character = data[position : position + 4].decode(errors="replace")[:1]
    if character in "'\\":
        character = f"\\{character}"
    elif not character.isprintable():
        code = ord(character)
        character = f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"
    return f"invalid character '{character}' {context}"
