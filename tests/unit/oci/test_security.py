import pytest

from pier.domain.container import HostConfig
from pier.domain.errors import PierError, Unsupported
from pier.domain.runtime import HostFacts
from pier.oci.security import (
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
    SecurityOptions,
    apparmor_profile,
    masked_paths,
    parse_security_options,
    readonly_paths,
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], SecurityOptions()),
        (["no-new-privileges"], SecurityOptions(no_new_privileges=True)),
        (["no-new-privileges:true"], SecurityOptions(no_new_privileges=True)),
        (["no-new-privileges=false"], SecurityOptions()),
        (["seccomp=unconfined"], SecurityOptions(seccomp="unconfined")),
        (["seccomp:unconfined"], SecurityOptions(seccomp="unconfined")),
        (["seccomp=builtin"], SecurityOptions()),
        (['seccomp={"a":"b=c"}'], SecurityOptions(seccomp='{"a":"b=c"}')),
        (["apparmor=unconfined"], SecurityOptions(apparmor="unconfined")),
        (["systempaths=unconfined"], SecurityOptions(system_paths_unconfined=True)),
        (["label=disable"], SecurityOptions()),
        (["label:disable"], SecurityOptions()),
        (["disable", "seccomp=", "apparmor="], SecurityOptions()),
        (["writable-cgroups=T", "no-new-privileges:1"], SecurityOptions(writable_cgroups=True, no_new_privileges=True)),
        (["writable-cgroups", "writable-cgroups=F"], SecurityOptions()),
    ],
)
def test_options_are_read(options: list[str], expected: SecurityOptions) -> None:
    assert parse_security_options(options) == expected


@pytest.mark.parametrize(
    ("number", "option"),
    [
        *((1, option) for option in ("nonsense", "seccomp", "label", "")),
        *((2, option) for option in ("foo=bar", "foo:bar", "systempaths=all", "=")),
        *((2, f"{switch}={value}") for switch in ("no-new-privileges", "writable-cgroups") for value in ("maybe", "")),
    ],
)
def test_unknown_option_is_refused(number: int, option: str) -> None:
    with pytest.raises(PierError, match=f'^invalid --security-opt {number}: "{option}"$'):
        parse_security_options(["label=disable", option])


def test_selinux_labels_are_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="label=type:foo_t"):
        parse_security_options(["label=type:foo_t"])


def test_paths_are_hidden_by_default_and_opened_when_asked() -> None:
    assert masked_paths(HostConfig()) == DEFAULT_MASKED_PATHS
    assert readonly_paths(HostConfig()) == DEFAULT_READONLY_PATHS
    assert "/proc/kcore" in DEFAULT_MASKED_PATHS
    assert masked_paths(HostConfig(masked_paths=("/x",))) == ("/x",)
    for opened in (HostConfig(privileged=True), HostConfig(security_opt=("systempaths=unconfined",))):
        assert masked_paths(opened) == readonly_paths(opened) == ()


def test_apparmor_profile_only_where_the_kernel_has_it() -> None:
    warnings: list[str] = []
    mine = HostConfig(security_opt=("apparmor=mine",))
    assert apparmor_profile(mine, HostFacts(has_apparmor=True), warnings) == "mine"
    assert apparmor_profile(HostConfig(), HostFacts(has_apparmor=True), warnings) == ""
    assert warnings == []
    assert apparmor_profile(mine, HostFacts(), warnings) == ""
    assert "mine" in warnings[0]


def test_the_engines_profile_is_for_who_names_none_and_is_not_privileged() -> None:
    facts = HostFacts(has_apparmor=True, apparmor_profile="pier-default")
    cases = {
        (): "pier-default",
        ("apparmor=unconfined",): "",
        ("apparmor=mine",): "mine",
        ("apparmor=docker-default",): "pier-default",
    }
    for options, profile in cases.items():
        assert apparmor_profile(HostConfig(security_opt=options), facts, []) == profile
    assert apparmor_profile(HostConfig(privileged=True), facts, []) == ""
    assert apparmor_profile(HostConfig(privileged=True, security_opt=("apparmor=mine",)), facts, []) == "mine"
