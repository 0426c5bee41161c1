import pytest

from pier.domain.errors import InvalidArgument
from pier.oci.reading import Reader


def _reader(text: str) -> Reader:
    return Reader.parse(text.encode(), "thing")


def test_absent_and_null_are_empty() -> None:
    for reader in (_reader("{}"), _reader('{"a":null}')):
        assert not reader.has("a")
        assert (reader.text("a"), reader.number("a"), reader.flag("a")) == ("", 0, False)
        assert (reader.sections("a"), reader.list_of_texts("a"), reader.texts("a")) == ([], (), {})
        assert not reader.section("a").has("b")


@pytest.mark.parametrize("text", ["[]", "1", "", "{", "[" * 100_000])
def test_only_an_object_is_a_document(text: str) -> None:
    with pytest.raises(InvalidArgument, match="the thing is not"):
        _reader(text)


def test_errors_say_where() -> None:
    with pytest.raises(InvalidArgument, match="b of the a of the thing is not a string"):
        _reader('{"a":{"b":1}}').section("a").text("b")


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(InvalidArgument):
        _reader('{"a":true}').number("a")


def test_digest_may_not_be_a_path() -> None:
    assert _reader('{"a":"sha256:00"}').digest("a") == "sha256:00"
    for text in ('{"a":"sha256:../x"}', '{"a":"/etc"}', "{}"):
        with pytest.raises(InvalidArgument, match="digest"):
            _reader(text).digest("a")


@pytest.mark.parametrize("text", [b'{"a":"x\\ud83dy","\\udc00":1}', b'{"a":"x\xed\xa0\xbdy","\xed\xb0\x80":1}'])
def test_half_a_character_is_replaced_as_go_does(text: bytes) -> None:
    reader = Reader.parse(text, "thing")
    assert reader.text("a") == "x\ufffdy"
    assert reader.number("\ufffd") == 1


def test_whole_characters_stay() -> None:
    assert _reader('{"a":"\\ud83d\\ude00 í \\u00e9"}').text("a") == "\U0001f600 í é"


def test_numbers_have_64_bits() -> None:
    assert _reader('{"a":9223372036854775807}').number("a") == 2**63 - 1
    for text in ('{"a":9223372036854775808}', f'{{"a":{10**400}}}'):
        with pytest.raises(InvalidArgument, match="64 bits"):
            _reader(text).number("a")
