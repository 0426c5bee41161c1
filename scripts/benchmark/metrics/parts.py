"""What an engine has to buy from the machine for one container, each part alone, without any engine."""

import ctypes
import io
import json
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.catalogue import metric
from benchmark.image_data import base_layers
from benchmark.marks import expect, now
from benchmark.session import HOST, Bench

LINK, PEER, BRIDGE = "bnch0", "bnch1", "bnchbr"


@metric("parts")
def parts(bench: Bench) -> None:
    """runc, an overlay mount, ip, iptables and nft."""
    root = Path(tempfile.mkdtemp(dir=bench.options.scratch))
    bundle = make_bundle(bench, root)
    with nothing_left():
        for _ in range(3 if bench.options.quick else max(1, round(12 * bench.options.effort))):
            for part, argv in commands(bench, bundle).items():
                with bench.check(f"parts.{part}", HOST):
                    bench.add(f"parts.{part}", HOST, bench.command(*argv)[0])
            with bench.check("parts.overlay_mount", HOST):
                mount_overlay(bench, root)


def make_bundle(bench: Bench, root: Path) -> Path:
    """An OCI bundle of the test image that runs `true`, and the directories of an overlay beside it."""
    bundle = root / "bundle"
    for name in ("lower", "upper", "work", "merged", "bundle/rootfs"):
        (root / name).mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(base_layers(bench.options.busybox)[0])) as tar:
        tar.extractall(bundle / "rootfs")  # our own archive, made above
    subprocess.run([bench.options.runc, "spec"], cwd=bundle, check=True)
    spec = json.loads((bundle / "config.json").read_text())
    spec["process"] |= {"terminal": False, "args": ["/bin/busybox", "true"]}
    spec["process"].pop("rlimits", None)
    (bundle / "config.json").write_text(json.dumps(spec))
    return bundle


def commands(bench: Bench, bundle: Path) -> dict[str, list[str]]:
    """The commands of one round, in the order in which each finds what the one before made."""
    runc = bench.options.runc
    return {
        "exec_true": [bench.options.busybox, "true"],
        "docker_cli_version": [bench.options.docker, "--version"],
        "runc_version": [runc, "--version"],
        "runc_run": [runc, "run", "--bundle", str(bundle), f"bench-{uuid.uuid4().hex[:8]}"],
        "ip_bridge_add": ["ip", "link", "add", BRIDGE, "type", "bridge"],
        "ip_netns_add": ["ip", "netns", "add", LINK],
        "ip_veth_add": ["ip", "link", "add", LINK, "type", "veth", "peer", "name", PEER],
        "ip_veth_to_bridge": ["ip", "link", "set", LINK, "master", BRIDGE],
        "ip_veth_to_netns": ["ip", "link", "set", PEER, "netns", LINK],
        "ip_veth_del": ["ip", "link", "del", LINK],
        "ip_netns_del": ["ip", "netns", "del", LINK],
        "ip_bridge_del": ["ip", "link", "del", BRIDGE],
        "iptables_add": ["iptables", "-w", "-t", "nat", "-N", "BENCH-PARTS"],
        "iptables_del": ["iptables", "-w", "-t", "nat", "-X", "BENCH-PARTS"],
        "nft_add": ["nft", "add table ip bench_parts"],
        "nft_del": ["nft", "delete table ip bench_parts"],
    }


@contextmanager
def nothing_left() -> Iterator[None]:
    """Takes away what a round left that was broken off."""
    try:
        yield
    finally:
        for command in (
            f"ip link del {LINK}",
            f"ip netns del {LINK}",
            f"ip link del {BRIDGE}",
            "iptables -w -t nat -X BENCH-PARTS",
            "nft delete table ip bench_parts",
        ):
            subprocess.run(["sh", "-c", command], check=False, capture_output=True)


def mount_overlay(bench: Bench, root: Path) -> None:
    """One overlay of two lower directories, mounted and unmounted."""
    libc = ctypes.CDLL(None, use_errno=True)
    merged = str(root / "merged").encode()
    options = f"lowerdir={root}/bundle/rootfs:{root}/lower,upperdir={root}/upper,workdir={root}/work"
    began = now()
    failed = libc.mount(b"overlay", merged, b"overlay", 0, options.encode())
    mounted = now()
    expect(not failed, f"mount: errno {ctypes.get_errno()}")
    libc.umount2(merged, 0)
    ended = now()
    bench.add("parts.overlay_mount", HOST, (mounted - began) * 1000)
    bench.add("parts.overlay_umount", HOST, (ended - mounted) * 1000)
