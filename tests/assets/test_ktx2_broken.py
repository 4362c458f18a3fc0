"""Broken KTX2 encoders: `ktx2` by name refuses in words, `auto` takes WebP and says so."""

import time
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from PIL import Image
from tests.assets.encoders import COLOUR, stand_in
from tests.assets.rooms import furnish

from branchxr_assets.build import build_scene
from branchxr_assets.ktx2 import Encoder, find_encoder
from branchxr_assets.ktx2 import choice as choice_module
from branchxr_assets.ktx2 import encoders as encoders_module
from branchxr_assets.ktx2 import running as running_module
from branchxr_assets.ktx2.choice import choose_textures
from branchxr_assets.ktx2.running import EncoderFailed, run
from branchxr_assets.presets import Preset, Textures
from branchxr_assets.steps import StepCache

AUTO = Preset(textures=Textures(format="auto"))
BY_NAME = Preset(textures=Textures(format="ktx2"))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no licence; exit 1", "exit status 1 .'no licence'."),
        ("kill -9 $$", "exit status -9"),
        ("true", "no file"),
        ("echo something > out.ktx2", "no KTX2 file"),
        ("head -c 9000000 /dev/zero > out.ktx2", "bytes|status"),
        ("sleep 0.2; yes > out.ktx2", "bytes|status"),
        ("(yes & yes > two & yes > three & yes > four & yes > five) & wait; sleep 60", "more than"),
        ("mkfifo out.ktx2", "no plain file"),
        ("ln -s /dev/zero out.ktx2", "no plain file"),
        ("mkdir out.ktx2", "no plain file"),
        ("rm said.txt; mkfifo said.txt; exit 1", "exit status 1"),
    ],
)
def test_bad_output_is_refused(tmp_path: Path, script: str, said: str) -> None:
    encoder = Encoder("basisu", stand_in(tmp_path, script), "1")
    with pytest.raises(EncoderFailed, match=said) as caught:
        encoder.encode(Image.new("RGB", (16, 16)), COLOUR)
    assert caught.value.code == "ktx2_encoder_failed"
    assert "--textures webp" in caught.value.remedy


def test_what_cannot_be_started_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderFailed, match="No such file"):
        Encoder("ktx", str(tmp_path / "gone"), "1").encode(Image.new("RGB", (4, 4)), COLOUR)


def test_who_takes_too_long_is_ended_with_all_it_started(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(running_module, "_WALL_S", 0.2)
    program = stand_in(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    started = time.monotonic()
    with pytest.raises(EncoderFailed, match="none in 0 s"):
        run("basisu", [program], tmp_path, pixels=0, stop=Event())
    assert time.monotonic() - started < 10
    assert_ended(int((tmp_path / "child").read_text()))


def test_what_it_leaves_running_is_ended_too(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child")
    assert run("basisu", [program], tmp_path, pixels=0, stop=Event()) == ""
    assert_ended(int((tmp_path / "child").read_text()))


def assert_ended(process: int) -> None:
    for _ in range(100):
        if not is_running(process):
            return
        time.sleep(0.02)
    pytest.fail("what it started is still there")


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_an_interrupt_does_not_wait_for_it(tmp_path: Path) -> None:
    stop = Event()
    program = stand_in(tmp_path, "sleep 60")
    Timer(0.1, stop.set).start()
    with pytest.raises(EncoderFailed, match="stopped"):
        run("basisu", [program], tmp_path, pixels=0, stop=stop)


def test_nothing_is_left_and_nothing_of_ours_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("BANK_SECRET", "hush")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    encoder = Encoder("ktx", stand_in(tmp_path, f"env > {tmp_path}/env; exit 1", "ktx"), "1")
    with pytest.raises(EncoderFailed):
        encoder.encode(Image.new("RGB", (4, 4)), COLOUR)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert "hush" not in (tmp_path / "env").read_text()


# --- a build with one ------------------------------------------------------------------------

BROKEN = {
    "fails": "exit 3",
    "has no version": "exit 1",
    "writes rubbish": 'case "$*" in *ersion*) echo v1;; *) echo rubbish > out.ktx2;; esac',
    "writes nothing": "echo v1",
    "hangs": 'case "$*" in *ersion*) echo v1;; *) sleep 60;; esac',
    "hangs at once": "sleep 60",
}


@pytest.mark.parametrize("kind", ["ktx", "toktx", "basisu"])
@pytest.mark.parametrize("how", BROKEN)
def test_auto_takes_webp_and_says_so_where_ktx2_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, kind: str
) -> None:
    stand_in(tmp_path, BROKEN[how], kind)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("BRANCHXR_KTX", raising=False)
    monkeypatch.setattr(running_module, "_WALL_S", 0.1)
    monkeypatch.setattr(encoders_module, "_VERSION_S", 0.1)
    preset, encoder, (warning,) = choose_textures(AUTO)
    assert (preset.textures.format, encoder) == ("webp", None)
    assert warning.code == "ktx2_encoder_failed"
    assert f"from {kind}" in warning.message
    with pytest.raises(EncoderFailed) as caught:
        choose_textures(BY_NAME)
    assert all((caught.value.expected, caught.value.came, caught.value.remedy))


def test_a_package_of_node_that_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ktx2-encoder"
    (package / "dist" / "node").mkdir(parents=True)
    (package / "dist" / "node" / "index.js").write_text("rubbish(")
    (package / "package.json").write_text('{"name": "ktx2-encoder", "version": "9"}')
    stand_in(tmp_path, "echo SyntaxError; exit 1", "node")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NODE_PATH", str(tmp_path))
    monkeypatch.setenv("BRANCHXR_KTX", "node")
    _, _, (warning,) = choose_textures(AUTO)
    assert "'SyntaxError'" in warning.message
    with pytest.raises(EncoderFailed, match="SyntaxError"):
        choose_textures(BY_NAME)


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an encoder on PATH that passes the trial and fails at the first real picture."""
    monkeypatch.setattr(choice_module, "_try_out", lambda *_words: None)
    stand_in(tmp_path, f'echo "$@" >> {tmp_path}/runs; [ "$1" = -version ]', "basisu")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("BRANCHXR_KTX", raising=False)
    return tmp_path / "runs"


def test_one_that_fails_in_the_middle_of_a_build(
    maker: Any, key: Any, tmp_path: Path, tried: Path
) -> None:
    furnish(maker)
    source = maker.save()
    result = build_scene(source, tmp_path / "auto", preset=AUTO, key=key, lods=1)
    assert len(tried.read_text().splitlines()) >= 2
    assert [w.code for w in result.warnings] == ["ktx2_encoder_failed"]
    plain = build_scene(source, tmp_path / "webp", key=key, lods=1)
    assert [chunk.glb for chunk in result.chunks] == [chunk.glb for chunk in plain.chunks]
    with pytest.raises(EncoderFailed):
        build_scene(source, tmp_path / "named", preset=BY_NAME, key=key, lods=1)
    assert not (tmp_path / "named").exists()


def test_that_an_encoder_passed_is_remembered_until_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(stand_in(tmp_path, "echo v1"))
    monkeypatch.setenv("BRANCHXR_KTX", str(program))
    monkeypatch.setattr(Encoder, "encode", lambda *_words: b"a texture")
    choose_textures(BY_NAME, cache=StepCache(tmp_path / "cache"))
    monkeypatch.undo()
    monkeypatch.setenv("BRANCHXR_KTX", str(program))
    preset, encoder, noted = choose_textures(AUTO, cache=StepCache(tmp_path / "cache"))
    assert (preset.textures.format, noted) == ("ktx2", [])
    assert encoder is not None
    assert encoder.is_optional
    program.write_text(program.read_text() + "# another one\n")
    assert choose_textures(AUTO, cache=StepCache(tmp_path / "cache"))[1] is None


def test_a_relative_name_is_found_from_where_a_build_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = stand_in(tmp_path, "echo v1")
    monkeypatch.chdir(tmp_path)
    assert find_encoder({"PATH": "", "BRANCHXR_KTX": "./basisu"}).program == program
