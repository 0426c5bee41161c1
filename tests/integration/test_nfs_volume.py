"""A volume on a real NFS server, mounted while in use. The kernel's server runs in the machine of scripts/vm only."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from support.nfs import nfs_server

from pier.domain.errors import PierError
from pier.domain.volume import Volume
from pier.volumes.local import LocalVolumes

pytestmark = pytest.mark.root


def test_a_volume_of_type_nfs_is_the_servers_directory(tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    (exported / "inner").mkdir(parents=True)
    (exported / "inner" / "there").write_text("from the server")
    volumes = LocalVolumes(tmp_path / "data")
    with nfs_server(exported):
        options = {"type": "nfs", "device": ":/inner", "o": "addr=localhost,nfsvers=4.2,soft,timeo=50"}
        volume = asyncio.run(volumes.create(Volume(name="far", driver="local", options=options)))
        path = Path(asyncio.run(volumes.mount(volume, "c1")))
        try:
            assert asyncio.run(volumes.mount(volume, "c2")) == str(path)
            assert (path / "there").read_text() == "from the server"
            (path / "mine").write_text("from a container")
            kind = subprocess.run(["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True, check=True)
            assert kind.stdout == "nfs\n"
            asyncio.run(volumes.unmount(volume, "c1"))
            assert (path / "there").exists()  # c2 has it still
        finally:
            asyncio.run(volumes.unmount(volume, "c2"))
        assert list(path.iterdir()) == []
        assert (exported / "inner" / "mine").read_text() == "from a container"
        absent = Volume(name="absent", driver="local", options={**options, "device": ":/absent"})
        asyncio.run(volumes.create(absent))
        with pytest.raises(PierError, match=r"mount :/absent:.*nfsvers=4\.2.*: no such file or directory"):
            asyncio.run(volumes.mount(absent, "c1"))
