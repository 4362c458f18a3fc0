"""Who may import whom (ARCHITECTURE.md), and what an import may cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "branchxr": ROOT / "sdk/branchxr",
    "branchxr_assets": ROOT / "asset_pipeline/branchxr_assets",
    "branchxr_unity": ROOT / "unity_bridge/branchxr_unity",
    "branchxr_webxr": ROOT / "webxr_bridge/branchxr_webxr",
}
IMPURE = {
    "asyncio", "concurrent", "multiprocessing", "os", "pathlib", "random", "secrets", "select",
    "selectors", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "uuid",
}  # fmt: skip
HOMES = {
    "httpx": {"branchxr.transport.http", "branchxr.testing.branch", "branchxr.testing.chaos"},
    "websockets": {
        "branchxr.transport.websocket",
        "branchxr.server.socket",
        "branchxr_unity.game_socket",
    },
}


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *(p for p in parts if p != "__init__"))), path


def imports(name: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each imported module as an absolute name, and whether it is not loaded on import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for part in ast.walk(tree)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING")
        for node in ast.walk(part)
    }
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join((*base, *([node.module] if node.module else [])))
            found = [stem, *(f"{stem}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in found:
            yield module, id(node) in inside


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


ALL = [(name, path, sorted(set(imports(name, path)))) for name, path in modules()]


@pytest.mark.parametrize(("name", "path", "found"), ALL, ids=[name for name, *_ in ALL])
def test_import_rules(name: str, path: Path, found: list[tuple[str, bool]]) -> None:
    for module, is_late in found:
        top = module.partition(".")[0]
        if top in PACKAGES and top != name.partition(".")[0]:
            if top == "branchxr":
                assert not is_in(module, "branchxr.server"), f"{name} imports the server"
            else:
                assert is_in(name, "branchxr.cli"), f"{name} imports {module}"
                assert is_late, f"{name} imports {module} outside a command"
        if is_in(module, "branchxr.server") and not is_in(name, "branchxr.server"):
            assert is_in(name, "branchxr.cli") or is_in(name, "branchxr.testing"), name
        if is_in(name, "branchxr.server") and top == "branchxr":
            client = ("client", "transport", "identity", "payments", "scene", "stages", "bots")
            assert not any(is_in(module, f"branchxr.{part}") for part in client), (
                f"{name}: {module}"
            )
        if is_in(name, "branchxr.protocol"):
            assert top not in IMPURE, f"{name} does I/O: {module}"
        if top in HOMES and top != name:
            assert name in HOMES[top], f"{name} knows {top}"
        if top == "sqlalchemy":
            assert is_in(name, "branchxr.server"), f"{name} knows sqlalchemy"
        if top == "fido2":
            homes = ("branchxr.identity", "branchxr.server.relying_party")
            assert any(is_in(name, home) for home in homes), f"{name} knows fido2"
        assert top not in {"sdk", "asset_pipeline", "webxr_bridge", "unity_bridge", "bpy"}, name


def test_every_package_is_walked() -> None:
    assert {name.partition(".")[0] for name, *_ in ALL} == set(PACKAGES)
    assert len(ALL) > 50


HEAVY = ("asyncio", "clr_loader", "fido2", "httpx", "msgspec", "numpy", "pydantic", "pygltflib",
         "rich", "sqlalchemy", "starlette", "trimesh", "websockets")  # fmt: skip


def loaded_by(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; sys.stderr.write(' '.join(sys.modules))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return {module.partition(".")[0] for module in out.stderr.split()}


def test_importing_the_front_loads_nothing_heavy() -> None:
    assert loaded_by("import branchxr") & set(HEAVY) == set()


def test_help_loads_nothing_heavy() -> None:
    code = "import branchxr.cli.app as m\ntry:\n    m.app(['--help'])\nexcept SystemExit: pass"
    assert loaded_by(code) & set(HEAVY) - {"asyncio"} == set()
