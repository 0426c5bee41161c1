import json

import pytest

from pier.api.translate.mounts import describe_mount_request, load_mount
from pier.domain.errors import InvalidArgument
from pier.wire.host_config import MountRequest
from pier.wire.shape import compact, decode


@pytest.mark.parametrize(
    "text",
    [
        '{"Type":"volume","Target":"/v"}',
        '{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"CreateMountpoint":true}}',
        '{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"ReadOnlyForceRecursive":true}}',
        '{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"Options":[["exec"],["uid","1"]]}}',
        '{"Type":"volume","Target":"/v","VolumeOptions":{"DriverConfig":{"Options":{"type":"tmpfs"}}}}',
        '{"Type":"image","Source":"i","Target":"/i"}',
    ],
)
def test_there_and_back(text: str) -> None:
    assert json.loads(compact(describe_mount_request(load_mount(decode(text, MountRequest))))) == json.loads(text)


def test_null_options_are_none() -> None:
    text = '{"Type":"volume","Target":"/v","BindOptions":null,"VolumeOptions":{"DriverConfig":null,"Labels":null}}'
    assert load_mount(decode(text, MountRequest)).volume_labels == {}


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(InvalidArgument, match='type "nfs"'):
        load_mount(MountRequest(type="nfs", target="/x"))
