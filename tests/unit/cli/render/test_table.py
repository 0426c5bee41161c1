from pier.cli.render.table import format_table


def test_columns_are_at_least_ten_wide_and_the_last_is_not_padded() -> None:
    text = format_table([["ID", "A LONG HEADER", "LAST"], ["x", "y", "z"]])
    assert text == "ID        A LONG HEADER   LAST\nx         y               z\n"


def test_a_wider_cell_widens_its_column() -> None:
    assert format_table([["ID", "N"], ["123456789012", "n"]]) == "ID             N\n123456789012   n\n"


def test_least_width_and_no_rows() -> None:
    assert format_table([["A", "B"]], 20) == "A" + " " * 19 + "B\n"
    assert format_table([]) == ""
    assert format_table([[]]) == "\n"
