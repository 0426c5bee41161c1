"""What Go's encoding/json says of texts that are no JSON; the answers are dockerd's to such bodies."""

import pytest

from pier.wire.shape import decode


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{invalid", "invalid character 'i' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("{,}", "invalid character ',' looking for beginning of object key string"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ('{"a":.5}', "invalid character '.' looking for beginning of value"),
        ('{"a":\\}', "invalid character '\\\\' looking for beginning of value"),
        ('{"a":\u00e9}', "invalid character '\u00e9' looking for beginning of value"),
        ("\ufeff{}", "invalid character '\\ufeff' looking for beginning of value"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a":-x}', "invalid character 'x' in numeric literal"),
        ('{"a":1.5e}', "invalid character '}' in numeric literal"),
        ('{"a":nul1}', "invalid character '1' in literal null (expecting 'l')"),
        ('{"a":trx}', "invalid character 'x' in literal true (expecting 'u')"),
        ("[fals]", "invalid character ']' in literal false (expecting 'e')"),
        ('{"a":fals}', "invalid character '}' in literal false (expecting 'e')"),
        ("nulx", "invalid character 'x' in literal null (expecting 'l')"),
        ('{"a', "unexpected EOF"),
        ("{} x", "unexpected content after JSON"),
        ('{"a":01}', "JSON is malformed: invalid number (byte 6)"),
        ('{"a":"\n"}', "JSON is malformed: invalid character (byte 6)"),
    ],
)
@pytest.mark.parametrize("form", [str, str.encode])
def test_words(text: str, reason: str, form: type) -> None:
    with pytest.raises(ValueError) as caught:
        decode(form(text), dict)
    assert str(caught.value) == reason
