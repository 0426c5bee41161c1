import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.cli.csv_fields import split_fields


@given(st.lists(st.text(alphabet='ab",= '), min_size=1).filter(lambda fields: fields != [""]))
def test_what_csv_writes_is_read_back(fields: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    assert split_fields(line.getvalue()) == fields


@pytest.mark.parametrize("text", ["", 'a"b', '"a', '"a"b'])
def test_bad_quoting(text: str) -> None:
    with pytest.raises(ValueError):
        split_fields(text)
