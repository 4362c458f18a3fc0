"""Settings: an argument, else the environment, else the file, else the default."""

from pathlib import Path

import pytest

from branchxr.errors import InputRefused
from branchxr.settings import Settings, default_path


def test_the_order_of_sources(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('branch = "file"\nname = "file"\ndeadline_s = 7\ndata_dir = "file"\n')
    environ = {"BRANCHXR_BRANCH": "env", "BRANCHXR_NAME": "env", "BRANCHXR_CACHE_BYTES": "1000"}
    settings = Settings.load(environ=environ, path=file, branch="argument", origin=None)
    assert settings == Settings(
        branch="argument", name="env", deadline_s=7.0, data_dir="file", cache_bytes=1000
    )


def test_without_any_source_the_defaults_stand(tmp_path: Path) -> None:
    assert Settings.load(environ={}, path=tmp_path / "absent.toml") == Settings()


def test_where_the_file_is(tmp_path: Path) -> None:
    assert default_path({"BRANCHXR_CONFIG": "a/b.toml"}) == Path("a/b.toml")
    expected = tmp_path / "branchxr" / "config.toml"
    assert default_path({"XDG_CONFIG_HOME": str(tmp_path)}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "deadlines = 3",
        'deadline_s = "soon"',
        "deadline_s = 0",
        "deadline_s = inf",
        "name = [",
        "name = true",
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(InputRefused) as refusal:
        Settings.load(environ={}, path=file)
    assert refusal.value.code == "settings_refused"
