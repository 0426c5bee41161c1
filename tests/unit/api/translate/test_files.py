import pytest

from pier.api.translate.files import go_file_mode


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (0o100644, 420),
        (0o040755, 2147484141),
        (0o120777, 134218239),
        (0o010644, 33554852),
        (0o020644, 69206436),
        (0o060660, 0o660 | 1 << 26),
        (0o140755, 0o755 | 1 << 24),
        (0o104755, 0o755 | 1 << 23),
        (0o102755, 0o755 | 1 << 22),
        (0o041777, 0o777 | 1 << 31 | 1 << 20),
    ],
)
def test_modes_as_dockerd_tells_them(mode: int, go: int) -> None:
    assert go_file_mode(mode) == go
