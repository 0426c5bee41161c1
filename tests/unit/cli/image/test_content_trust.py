"""Content trust can be declined, as it is by default, but not asked for."""

import pytest

from pier.cli.image.content_trust import CONTENT_TRUST, check_content_trust


def test_declining_is_what_happens_anyway() -> None:
    check_content_trust("true")
    assert CONTENT_TRUST.default is True
    assert CONTENT_TRUST.check is check_content_trust


def test_asking_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="content trust is not supported"):
        check_content_trust("false")
