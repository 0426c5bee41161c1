from pier.api.routes import table
from pier.api.routes.support_table import markdown_table


def test_the_readme_table_has_every_route() -> None:
    rows = markdown_table().splitlines()
    assert len(rows) == len(table()) + 2
    assert "| POST | `/containers/create` | yes |  |" in rows
    assert "| POST | `/build` | no |  |" in rows
