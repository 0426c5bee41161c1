"""README says what the routes say."""

from pathlib import Path

from pier.api.routes.support_table import markdown_table

README = Path(__file__).parents[4] / "README.md"


def test_readme_holds_the_table_of_the_routes() -> None:
    _, _, rest = README.read_text().partition("<!-- support -->\n")
    shown, _, _ = rest.partition("<!-- /support -->")
    assert shown == markdown_table(), "run scripts/support_table"
