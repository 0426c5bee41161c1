from pier.oci.environment import DEFAULT_PATH, merge, process_environment


def test_later_values_win_in_the_place_of_the_first() -> None:
    assert merge(["A=1", "B=2"], ["A=3"], ["C=4"]) == ["A=3", "B=2", "C=4"]


def test_a_bare_name_removes_the_variable() -> None:
    assert merge(["A=1", "B=2"], ["A"]) == ["B=2"]
    assert merge(["A=1"], ["UNSET"]) == ["A=1"]


def test_an_empty_value_stays() -> None:
    assert merge(["A=1"], ["A="]) == ["A="]


def test_process_gets_path_hostname_home() -> None:
    assert process_environment([], hostname="box", home="/root", tty=False) == [
        f"PATH={DEFAULT_PATH}",
        "HOSTNAME=box",
        "HOME=/root",
    ]


def test_term_only_with_a_terminal() -> None:
    assert "TERM=xterm" in process_environment([], hostname="", home="/", tty=True)
    assert "TERM=vt100" in process_environment(["TERM=vt100"], hostname="", home="/", tty=True)


def test_own_home_is_kept_and_exec_env_wins() -> None:
    env = process_environment(["HOME=/x", "A=1"], hostname="", home="/root", tty=False, exec_env=["A=2"])
    assert env[-2:] == ["HOME=/x", "A=2"]


def test_links_come_before_the_own_variables() -> None:
    assert "DB_PORT=own" in process_environment(
        ["DB_PORT=own"], hostname="", home="/", tty=False, links=["DB_PORT=tcp://1"]
    )
