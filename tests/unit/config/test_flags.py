import pytest

from pier.config.flags import read_flags
from pier.config.keys import FIELDS


def test_every_flag_fills_a_field_that_has_a_key() -> None:
    line = (
        "-H unix:///a --containerd /c --containerd-namespace n --data-root /d --exec-root /e -p /p -G g -l warn -D"
        " --label a=b --insecure-registry r --registry-mirror m -s overlayfs --allow-insecure-tcp -b br"
        " --tls --tlsverify=true --tlscacert /ca --tlscert /c --tlskey /k"
        " --bip 10.0.0.1/24 --default-address-pool base=10.9.0.0/16,size=24 --mtu 1400 --icc=false --ip 127.0.0.1"
        " --ip-masq=false --host-gateway-ip 10.0.0.9 --dns 9.9.9.9 --dns-opt ndots:2 --dns-search x.org"
        " --firewall own-table-only --cdi-spec-dir /cdi --cgroup-parent /x --exec-opt native.cgroupdriver=cgroupfs"
        " --default-cgroupns-mode host --default-ipc-mode shareable --default-shm-size 1m"
        " --default-ulimit nofile=1:2 --init --init-path /i --no-new-privileges --seccomp-profile unconfined"
        " --shim-group"
        " --default-runtime runc --add-runtime x=/y --shutdown-timeout 20 --log-driver local --log-opt max-size=1m"
    )
    given = read_flags(line.split())
    assert set(given) <= set(FIELDS)
    assert (given["debug"], given["icc"], given["mtu"]) == (True, False, 1400)


def test_a_switch_takes_only_true_and_false(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_flags(["--icc=maybe"])
    assert "'maybe' is neither true nor false" in capsys.readouterr().err
