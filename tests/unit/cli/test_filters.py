import json

import pytest

from pier.cli.filters import check_filter, encode_filters


def test_filters_are_sent_as_docker_sends_them() -> None:
    assert encode_filters([]) == ""
    assert json.loads(encode_filters(["label=a=b", "Status=running", "label=c"], dangling="true")) == {
        "dangling": {"true": True},
        "label": {"a=b": True, "c": True},
        "status": {"running": True},
    }


def test_a_filter_is_name_and_value() -> None:
    check_filter("a=")
    with pytest.raises(ValueError, match="expected name=value"):
        check_filter("a")
