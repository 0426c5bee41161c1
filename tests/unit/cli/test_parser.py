import pytest

from pier.cli.errors import UsageError
from pier.cli.flags import BOOL, BYTES, CSV, INT, LIST, STRING, Command, Flag, Values
from pier.cli.parser import HelpRequested, Parser, check_arguments

FLAGS = (
    Flag("interactive", "i"),
    Flag("tty", "t"),
    Flag("proxy", default=True),
    Flag("name", "", STRING),
    Flag("publish", "p", LIST),
    Flag("network", "", LIST, aliases=("net",)),
    Flag("subnet", "", CSV),
    Flag("memory", "m", BYTES),
    Flag("last", "n", INT, default=-1),
    Flag("host", "", STRING, env="THE_HOST"),
    Flag("kind", "k", BOOL),
)


def read(*argv: str, interspersed: bool = True, environ: dict[str, str] | None = None) -> tuple[Values, list[str]]:
    values, arguments = Parser(FLAGS, interspersed=interspersed).read(argv, environ)
    return values, arguments


@pytest.mark.parametrize(
    ("argv", "name", "expected"),
    [
        (("--name", "x"), "name", "x"),
        (("--name=x",), "name", "x"),
        (("--name=",), "name", ""),
        (("--name=a=b",), "name", "a=b"),
        (("--name", "--tty"), "name", "--tty"),
        (("-p", "80"), "publish", ["80"]),
        (("-p80:80",), "publish", ["80:80"]),
        (("-p=80",), "publish", ["80"]),
        (("-p1", "-p", "2", "--publish=3"), "publish", ["1", "2", "3"]),
        (("--net", "a", "--network=b"), "network", ["a", "b"]),
        (("--subnet", "a,b", "--subnet=c"), "subnet", ["a", "b", "c"]),
        (("-itp80",), "publish", ["80"]),
        (("-it",), "tty", True),
        (("-it=false",), "tty", False),
        (("--tty=false",), "tty", False),
        (("--tty=T",), "tty", True),
        (("--proxy=0",), "proxy", False),
        ((), "proxy", True),
        ((), "last", -1),
        (("-n", "-3"), "last", -3),
        (("-m1.5g",), "memory", 1610612736),
        (("-m=64m",), "memory", 64 << 20),
    ],
)
def test_values(argv: tuple[str, ...], name: str, expected: bool | int | list[str] | str) -> None:
    assert read(*argv)[0].as_dict()[name] == expected


def test_a_switch_takes_no_following_word() -> None:
    values, arguments = read("--tty", "false")
    assert values.flag("tty")
    assert arguments == ["false"]


def test_flags_end_at_the_first_argument_unless_interspersed() -> None:
    assert read("-i", "img", "-t", "--name", interspersed=False)[1] == ["img", "-t", "--name"]
    values, arguments = read("a", "-t", "b")
    assert (arguments, values.flag("tty")) == (["a", "b"], True)


def test_two_dashes_end_the_flags() -> None:
    assert read("-i", "--", "-t", "--", "x")[1] == ["-t", "--", "x"]
    assert read("-", "-i")[1] == ["-"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--nope",), "unknown flag: --nope"),
        (("--nope=1",), "unknown flag: --nope"),
        (("-x",), "unknown shorthand flag: 'x' in -x"),
        (("-itx",), "unknown shorthand flag: 'x' in -x"),
        (("--name",), "flag needs an argument: --name"),
        (("-ip",), "flag needs an argument: 'p' in -p"),
        (("--=x",), "bad flag syntax: --=x"),
        (("---x",), "bad flag syntax: ---x"),
        (("--tty=maybe",), 'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe"'),
        (("-m", "x"), 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\''),
        (("-n", "x"), 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    ],
)
def test_wrong_flags_end_with_125_and_docker_s_words(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(*argv)
    assert str(caught.value).startswith(message)
    assert caught.value.code == 125


@pytest.mark.parametrize("argv", [("--help",), ("-h",), ("-ih",), ("x", "--help")])
def test_help_stops_everything(argv: tuple[str, ...]) -> None:
    with pytest.raises(HelpRequested):
        read(*argv)


def test_given_knows_defaults_from_values() -> None:
    values, _ = read("--name=", "-i=false")
    assert values.given("name")
    assert values.given("interactive")
    assert not values.given("tty")


def test_the_environment_gives_what_the_line_does_not() -> None:
    assert read(environ={"THE_HOST": "e"})[0].text("host") == "e"
    assert read("--host", "l", environ={"THE_HOST": "e"})[0].text("host") == "l"


@pytest.mark.parametrize(
    ("least", "most", "count", "message"),
    [
        (0, 0, 1, "'pier x' accepts no arguments"),
        (1, 1, 0, "'pier x' requires 1 argument"),
        (2, 2, 1, "'pier x' requires 2 arguments"),
        (1, None, 0, "'pier x' requires at least 1 argument"),
        (0, 1, 2, "'pier x' requires at most 1 argument"),
        (1, 2, 3, "'pier x' requires at least 1 and at most 2 arguments"),
        (0, None, 9, None),
        (1, 2, 2, None),
    ],
)
def test_number_of_arguments(least: int, most: int | None, count: int, message: str | None) -> None:
    command = Command("x", "", "", (), lambda *_: 0, least=least, most=most)
    if message is None:
        check_arguments(command, "pier x", count)
        return
    with pytest.raises(UsageError) as caught:
        check_arguments(command, "pier x", count)
    assert (str(caught.value), caught.value.code) == (message, 1)
