from pier.domain.resources import DeviceMapping
from pier.oci.inputs import Device, map_devices


def test_one_device_takes_the_containers_path() -> None:
    mapping = DeviceMapping(host_path="/dev/a", container_path="/dev/b", permissions="r")
    assert map_devices(mapping, [("", "c", 1, 2, 0o600, 3, 4)]) == (
        Device(path="/dev/b", type="c", major=1, minor=2, mode=0o600, uid=3, gid=4, permissions="r"),
    )


def test_devices_of_a_directory_lie_below_the_containers_path() -> None:
    mapping = DeviceMapping(host_path="/dev/snd", container_path="/dev/audio/")
    found = map_devices(mapping, [("pcm/0", "c", 1, 2, 0o600, 0, 0), ("seq", "c", 1, 3, 0o600, 0, 0)])
    assert [device.path for device in found] == ["/dev/audio/pcm/0", "/dev/audio/seq"]
