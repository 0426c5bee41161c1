import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.errors import InvalidArgument
from pier.logs.attributes import line_attributes

CONTAINER = Container(
    id="190d459ba9c9" + "0" * 52,
    name="lp1",
    created_at=1,
    image_ref="busybox:1",
    image_id="sha256:abc",
    host_config=HostConfig(),
    config=Config(labels={"a": "b", "com.x": "1", "com.y": "2"}, env=("E1=v=w", "F=", "PLAIN")),
)


def test_no_option_no_attributes() -> None:
    assert line_attributes({"max-size": "1m"}, None) == {}


def test_labels_and_environment_are_chosen_by_name_and_pattern() -> None:
    assert line_attributes({"labels": "a,missing", "env": "E1"}, CONTAINER) == {"a": "b", "E1": "v=w"}
    assert line_attributes({"labels-regex": "^com", "env-regex": "^F"}, CONTAINER) == {
        "com.x": "1",
        "com.y": "2",
        "F": "",
    }


def test_a_tag_is_text_with_fields() -> None:
    found = line_attributes({"tag": "{{.Name}}/{{ .ID }} {{.ImageName}}"}, CONTAINER)
    assert found == {"tag": "lp1/190d459ba9c9 busybox:1"}


def test_values_without_a_container_to_take_them_from_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="labels"):
        line_attributes({"labels": "a"}, None)
