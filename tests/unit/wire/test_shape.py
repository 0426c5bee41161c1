import pytest

from pier.wire.host_config import CreateBody
from pier.wire.shape import decode, encode


def test_absent_null_and_given_are_told_apart() -> None:
    body = decode('{"Env":null,"Cmd":"a b","HostConfig":{"Memory":1,"Nonsense":2}}', CreateBody)
    assert encode(body) == b'{"Env":null,"Cmd":"a b","HostConfig":{"Memory":1}}\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "unexpected EOF"),
        ("{} x", "unexpected content after JSON"),
        ('{"Tty":1}', "Expected `bool | null`, got `int` - at `$.Tty`"),
    ],
)
def test_what_does_not_fit(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode(text, CreateBody)
    assert str(caught.value) == reason
