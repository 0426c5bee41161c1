from pier.cli.container.proxies import proxy_variables

CONFIG = {
    "proxies": {
        "default": {"httpProxy": "http://p:3128", "noProxy": "localhost"},
        "tcp://far:2376": {"allProxy": "socks5://q"},
    }
}


def test_each_variable_in_both_spellings() -> None:
    assert proxy_variables(CONFIG, "unix:///x", ["A=1"]) == [
        "HTTP_PROXY=http://p:3128",
        "http_proxy=http://p:3128",
        "NO_PROXY=localhost",
        "no_proxy=localhost",
    ]


def test_what_is_given_stands_also_without_a_value() -> None:
    found = proxy_variables(CONFIG, "unix:///x", ["HTTP_PROXY=mine", "no_proxy"])
    assert found == ["http_proxy=http://p:3128", "NO_PROXY=localhost"]


def test_the_engines_own_address_comes_before_the_default() -> None:
    assert proxy_variables(CONFIG, "tcp://far:2376", []) == ["ALL_PROXY=socks5://q", "all_proxy=socks5://q"]


def test_nothing_without_settings() -> None:
    configs: list[dict[str, object]] = [{}, {"proxies": None}, {"proxies": {}}, {"proxies": {"default": "x"}}]
    for config in configs:
        assert proxy_variables(config, "unix:///x", []) == []
