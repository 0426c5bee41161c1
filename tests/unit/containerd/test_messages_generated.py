"""The generated messages are those of proto/, and every method that is called exists there with these messages."""

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from google.protobuf.descriptor_pool import Default
from support.facilities import ROOT, require

import pier.containerd
from pier.containerd.client import Method

PACKAGE = ROOT / "generated" / "pier_grpc"


def test_generated_files_are_fresh(tmp_path: Path) -> None:
    require(version("grpcio-tools") == "1.66.2", "grpcio-tools is not the pinned version")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "gen_proto"), str(tmp_path)], check=True)
    assert contents(PACKAGE) == contents(tmp_path / "pier_grpc"), "stale: run scripts/gen_proto"


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.suffix in (".py", ".pyi")}


def methods() -> list[Method]:  # type: ignore[type-arg]  # of any messages
    names = [module.name for module in pkgutil.iter_modules(pier.containerd.__path__)]
    modules = [importlib.import_module(f"pier.containerd.{name}") for name in names]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Method)]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.path)
def test_called_method_is_declared(method: Method) -> None:  # type: ignore[type-arg]
    declared = Default().FindMethodByName(method.path.lstrip("/").replace("/", "."))
    assert declared.input_type is method.request.DESCRIPTOR
    assert declared.output_type is method.reply.DESCRIPTOR
