"""Half a minute of fuzzing in `make test`; `make fuzz` takes ten minutes a reader."""

import contextlib
from pathlib import Path

import pytest

from branchxr.errors import SceneRefused

from .driver import FOUND, attack
from .targets import TARGETS, Target

SECONDS = 30


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sound_files_pass(target: Target) -> None:
    for raw in target.seeds():
        target.run(raw)


@pytest.mark.parametrize("path", sorted(FOUND.glob("*-*")), ids=lambda path: path.name)
def test_what_fuzzing_found_stays_mended(path: Path) -> None:
    target = next(t for t in TARGETS if t.name == path.name.partition("-")[0])
    with contextlib.suppress(SceneRefused):
        target.run(path.read_bytes())


@pytest.mark.fuzz
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_broken_files_are_refused(
    target: Target, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = int(request.config.getoption("--fuzz-seed"))
    result = attack(target.name, seconds=SECONDS / len(TARGETS), seed=seed, folder=tmp_path)
    assert result.findings == [], f"repeat with: pytest -m fuzz --fuzz-seed {seed}"
    assert result.tried > 0
