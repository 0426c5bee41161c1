"""Checks the house's layout: sizes, names, docstrings, the module map in README, and that tests mirror src.

Prints one line a finding, `path: what is wrong`, and exits 1 when there is one.
"""

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "pier"
BENCHMARK = ROOT / "scripts" / "benchmark"
UNIT = ROOT / "tests" / "unit"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
BANNED = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "part2"})

# The packages whose modules have their tests in a folder each, by the folder.
MIRRORED = {UNIT: SOURCE, UNIT / BENCHMARK.name: BENCHMARK}

# Modules whose logic other tests exercise better than a file of their own, each with its reason.
TESTED_ELSEWHERE = {
    "__main__.py": "hands over to the CLI",
    "daemon.py": "wires real things together; every test in tests/integration runs it",
    "engine/ports.py": "Protocols only",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> int:
    """Runs every check; the exit status."""
    findings = sorted(findings_of(ROOT))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def findings_of(root: Path) -> Iterator[str]:
    """All findings, as `path: text`."""
    for path in python_files(root / "src", root / "tests", root / "scripts"):
        name = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=str(path))
        for finding in check_file(path, text, tree):
            yield f"{name}: {finding}"
    yield from check_mirror()
    yield from check_map((root / "README.md").read_text(encoding="utf-8"))


def python_files(*folders: Path) -> Iterator[Path]:
    """Every .py file below, sorted."""
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


def check_file(path: Path, text: str, tree: ast.Module) -> Iterator[str]:
    """Findings about one file: its length, its name, its docstring and its functions."""
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{lines} lines, more than {MAX_FILE_LINES}: split it by noun or verb"
    if BANNED & {path.stem, path.parent.name}:
        yield "a name that says nothing; name the trade"
    if (
        (path.is_relative_to(ROOT / "src") or path.is_relative_to(BENCHMARK))
        and text.strip()
        and not ast.get_docstring(tree)
    ):
        yield "no docstring: say what this room is for"
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{node.name} has {length} lines, more than {MAX_FUNCTION_LINES}"


def check_mirror() -> Iterator[str]:
    """Each module with logic has its test file, and each unit test file has its module."""
    for folder, source in MIRRORED.items():
        for path in python_files(source):
            name = path.relative_to(source)
            if (source == SOURCE and name.as_posix() in TESTED_ELSEWHERE) or path.name == "__init__.py":
                continue
            if has_logic(ast.parse(path.read_text(encoding="utf-8"))) and not has_test(name, source, folder):
                wanted = folder.relative_to(ROOT) / name.parent
                yield f"{path.relative_to(ROOT)}: no test file {wanted}/test_{name.stem}.py"
    for path in sorted(UNIT.rglob("test_*.py")):
        folder = UNIT / BENCHMARK.name if path.is_relative_to(UNIT / BENCHMARK.name) else UNIT
        if not has_subject(path.relative_to(folder), MIRRORED[folder]):
            yield f"{path.relative_to(ROOT)}: mirrors no module of {MIRRORED[folder].relative_to(ROOT)}"


def has_test(name: Path, source: Path, unit: Path) -> bool:
    """Whether a module has its test file, or is named by an import of its package's unit tests or a contract suite.

    The file is test_<module>.py, or test_<module>_<theme>.py where one would be too long.
    """
    folder = unit / name.parent
    stem = name.stem.lstrip("_")
    if any(folder.glob(f"test_{stem}.py")) or any(folder.glob(f"test_{stem}_*.py")):
        return True
    module = ".".join((source.name, *name.with_suffix("").parts))
    folders = [unit / name.parts[0] if len(name.parts) > 1 else unit, ROOT / "tests" / "contract"]
    return any(module in imports_of(test) for test in python_files(*folders))


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    """The modules that a file imports, and the names it takes from packages."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


def has_subject(test: Path, source: Path) -> bool:
    """Whether a unit test's name is that of a module or package (or begins with it)."""
    folder = source / test.parent
    words = test.stem.removeprefix("test_").split("_")
    stems = ["_".join(words[:end]) for end in range(len(words), 0, -1)]
    return any((folder / f"{stem}.py").exists() or (folder / f"_{stem}.py").exists() for stem in stems) or any(
        (folder / stem).is_dir() for stem in stems
    )


def has_logic(tree: ast.Module) -> bool:
    """Whether a module does something: a function, outside Protocols, with more than a docstring or one return."""
    return any(map(is_logic, functions_of(tree.body)))


def functions_of(body: list[ast.stmt]) -> Iterator[Function]:
    """Functions and methods, but not those of Protocols."""
    for node in body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef) and not any("Protocol" in ast.unparse(base) for base in node.bases):
            yield from functions_of(node.body)


def is_logic(function: Function) -> bool:
    """Whether a function has a body worth a test: two statements or more, or a branch or loop. Constructors do not."""
    if function.name == "__init__":
        return False
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return len(body) > 1 or any(isinstance(node, ast.If | ast.For | ast.While | ast.Match) for node in body)


def check_map(readme: str) -> Iterator[str]:
    """README's module map names every package and module at the top of src/pier."""
    _, _, rest = readme.partition("## Module map")
    section = rest.split("\n## ")[0]
    if not section:
        yield "README.md: no section `## Module map`"
    for path in sorted(SOURCE.iterdir()):
        is_package = path.is_dir() and path.name != "__pycache__"
        if is_package and not (path / "__init__.py").exists():
            yield f"src/pier/{path.name}: a package without __init__.py"
        shown = f"{path.name}/" if is_package else path.name
        if (is_package or path.suffix == ".py") and path.name != "__init__.py" and f"  {shown} " not in section:
            yield f"README.md: the module map does not name {shown}"


if __name__ == "__main__":
    sys.exit(main())
