import pytest

from pier.cli.errors import CliError
from pier.cli.render.listing import Listing

LISTING = Listing(
    "Thing",
    {
        "ID": ("THING ID", lambda item: item["id"]),
        "Name": ("NAME", lambda item: item["name"]),
        "Label": ("LABEL", lambda item: lambda key: item["labels"].get(key, "")),
    },
    ("ID", "Name"),
    "id: {{.ID}}\n",
    hidden="Label",
)
ITEMS = [{"id": "1", "name": "a<b", "labels": {"com.x": "y"}}, {"id": "2", "name": "c", "labels": {}}]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", "THING ID   NAME\n1          a<b\n2          c\n"),
        ("table", "THING ID   NAME\n1          a<b\n2          c\n"),
        ("json", '{"ID":"1","Name":"a\\u003cb"}\n{"ID":"2","Name":"c"}\n'),
        ("raw", "id: 1\n\nid: 2\n\n"),
        ("{{.ID}}={{.Name}}", "1=a<b\n2=c\n"),
        (r"{{.ID}}\t{{.Name}}", "1\ta<b\n2\tc\n"),
        (r"table {{.Name}}\t{{.ID}}", "NAME      THING ID\na<b       1\nc         2\n"),
        (r"table{{upper .Name}}\t{{json .ID}}", 'NAME      THING ID\nA<B       "1"\nC         "2"\n'),
        ('{{.Label "com.x"}}', "y\n\n"),
        ('table {{.ID}}\\t{{.Label "com.x"}}', "THING ID   x\n1          y\n2          \n"),
        ("{{json .}}", '{"ID":"1","Name":"a\\u003cb"}\n{"ID":"2","Name":"c"}\n'),
    ],
)
def test_formats(template: str, text: str) -> None:
    assert LISTING.render(ITEMS, template) == text


def test_quiet_shows_one_field_unless_a_template_asks_for_more() -> None:
    assert LISTING.render(ITEMS, quiet_field="ID") == "1\n2\n"
    assert LISTING.render(ITEMS, "{{.Name}}", quiet_field="ID") == "a<b\nc\n"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.ID", "failed to parse template: template: :1: unclosed action"),
        (
            "{{.Bogus}}",
            'failed to execute template: template: :1:2: executing "" at <.Bogus>: '
            "can't evaluate field Bogus in type *formatter.ThingContext",
        ),
    ],
)
def test_wrong_templates(template: str, message: str) -> None:
    with pytest.raises(CliError) as caught:
        LISTING.render(ITEMS, template)
    assert (str(caught.value), caught.value.code) == (message, 1)
