from pathlib import Path

import pytest

from pier.cli.container.devices import cdi_request, read_devices, read_security
from pier.cli.errors import CliError


def test_devices_and_cdi_names_are_told_apart() -> None:
    devices, cdi = read_devices(["/dev/a:/dev/b:r", "/dev/c:w", "nvidia.com/gpu=0"])
    assert [tuple(device.values()) for device in devices] == [("/dev/a", "/dev/b", "r"), ("/dev/c", "/dev/c", "w")]
    assert cdi == ["nvidia.com/gpu=0"]
    assert cdi_request(cdi)["DeviceIDs"] == cdi


@pytest.mark.parametrize("text", ["a:b:c:d", ":x", "/dev/a:/dev/b:rr", "/dev/a:/dev/b:"])
def test_bad_devices(text: str) -> None:
    with pytest.raises(CliError):
        read_devices([text])


def test_security_options(tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    profile.write_text('{ "a": [1] }')
    options = ["no-new-privileges:true", f"seccomp={profile}", "seccomp=builtin", "systempaths=unconfined"]
    assert read_security(options) == (["no-new-privileges:true", 'seccomp={"a":[1]}', "seccomp=builtin"], True)
    assert read_security([]) == (None, False)
    profile.write_text("{")
    for bad in (f"seccomp={profile}", f"seccomp={tmp_path}", "nonsense"):
        with pytest.raises(CliError):
            read_security([bad])
