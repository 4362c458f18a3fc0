"""What the README shows is run: Python blocks against a real branch, commands against the CLI."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from branchxr.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]


def test_every_named_command_exists() -> None:
    root = get_command(app)
    for line in sorted(set(re.findall(r"`branchxr ([a-z]+(?: [a-z]+)?)", README))):
        command = root
        for word in line.split():
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"README names `branchxr {line}`"
            command = command.commands[word]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    for target in targets:
        assert (document.parent / target).exists(), target


def test_named_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert named <= targets, named - targets


@pytest.mark.end_to_end
def test_python_blocks_run(running_branch: str, tmp_path: Path) -> None:
    stage_script, customer = PYTHON_BLOCKS
    greeter = tmp_path / "greeter.py"
    greeter.write_text(stage_script)
    greeting = subprocess.Popen(
        [sys.executable, "-m", "branchxr.cli", "run", str(greeter), "--branch", running_branch,
         "--seconds", "60"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        script = tmp_path / "customer.py"
        script.write_text(customer.replace("http://localhost:8710", running_branch))
        out = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=90, check=False
        )
        assert out.returncode == 0, out.stderr
        assert out.stdout.startswith("posted ")
        assert greeting.poll() is None, greeting.stderr.read() if greeting.stderr else ""
    finally:
        greeting.terminate()
        greeting.communicate(timeout=20)
