import pytest

from pier.wire.files import FileChange
from pier.wire.host_config import CreateBody
from pier.wire.shape import compact, decode, encode


def test_absent_null_and_given_are_told_apart() -> None:
    body = decode('{"Env":null,"Cmd":"a b","HostConfig":{"Memory":1,"Nonsense":2}}', CreateBody)
    assert encode(body) == b'{"Env":null,"Cmd":"a b","HostConfig":{"Memory":1}}\n'


def test_null_is_an_empty_object() -> None:
    assert decode("null", CreateBody) == CreateBody()


def test_keys_are_read_in_any_case() -> None:
    body = decode('{"IMAGE":"x","hostconfig":{"memory":1},"shell":"sh"}', CreateBody)
    assert encode(body) == b'{"Image":"x","Shell":"sh","HostConfig":{"Memory":1}}\n'


@pytest.mark.parametrize("text", [b'{"User":"a\xffb"}', b'{"User":"a\\ud800b"}'])
def test_what_is_no_unicode_is_replaced(text: bytes) -> None:
    assert decode(text, CreateBody).user == "a\ufffdb"


def test_pairs_of_surrogates_are_one_letter() -> None:
    assert decode(b'{"User":"\\ud83d\\ude00","Image":"\xff"}', CreateBody).user == "\U0001f600"


@pytest.mark.parametrize("text", ["[" * 20_000, '{"a":' * 20_000 + "1" + "}" * 20_000])
def test_what_is_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text, CreateBody)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "unexpected EOF"),
        ("{} x", "unexpected content after JSON"),
        ('{"Tty":1}', "Expected `bool | null`, got `int` - at `$.Tty`"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        ('{"tty":1}', "Expected `bool | null`, got `int` - at `$.Tty`"),
        ('{"StopTimeout":1.0}', "Expected `int | null`, got `float` - at `$.StopTimeout`"),
        ('{"StopTimeout":9223372036854775808}', "Expected `int` <= 9223372036854775807 - at `$.StopTimeout`"),
        ('{"HostConfig":{"BlkioWeight":-1}}', "Expected `int` >= 0 - at `$.HostConfig.BlkioWeight`"),
        ('{"HostConfig":{"ConsoleSize":[-1]}}', "Expected `int` >= 0 - at `$.HostConfig.ConsoleSize[0]`"),
        ('{"Volumes":{"/v":"x"}}', "Expected `object | null`, got `str` - at `$.Volumes[...]`"),
    ],
)
def test_what_does_not_fit(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode(text, CreateBody)
    assert str(caught.value) == reason


def test_what_is_no_unicode_becomes_a_replacement_character() -> None:
    change = FileChange(path="/a\udcff\U0001f600", kind=1)
    assert encode([change]) == '[{"Path":"/a\ufffd\U0001f600","Kind":1}]\n'.encode()
    assert compact({"a\ud800": "é"}) == '{"a\ufffd":"é"}'.encode()
