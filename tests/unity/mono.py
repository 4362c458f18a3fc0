"""Compile C# with mcs and run it on Mono: what the tests and benchmarks of the Unity stage share.

Everything lands in `build/unity/` (git-ignored), under a name made of the contents of all that went
in, so that a second run compiles nothing.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
PACKAGE: Final = ROOT / "unity_bridge/branchxr_unity/com.branchxr.client"
BUILD: Final = ROOT / "build/unity"
FRAMEWORK: Final = ("System", "System.Core")
"""What every assembly may use beside mscorlib."""

FACADE_SOURCES: Final = ("System", "System.Core", "System.Xml", "System.Numerics")

# Manual, "Conditional compilation": of the oldest Unity that the package supports.
PLAYER_DEFINES: Final = (
    "UNITY_2021_3_OR_NEWER", "UNITY_STANDALONE", "UNITY_STANDALONE_LINUX", "ENABLE_MONO",
    "NET_4_6", "CSHARP_7_3_OR_NEWER",
)  # fmt: skip
EDITOR_DEFINES: Final = (
    *PLAYER_DEFINES,
    "UNITY_EDITOR",
    "UNITY_EDITOR_LINUX",
    "UNITY_INCLUDE_TESTS",
)


class CompileFailed(AssertionError):
    """mcs refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One way in which a project of Unity compiles the package.

    Attributes:
        defines: symbols beside those of the project's optional packages.
        has_pythonnet: whether `Python.Runtime.dll` is in the project.
    """

    name: str
    defines: tuple[str, ...]
    has_pythonnet: bool = False

    @property
    def is_editor(self) -> bool:
        """Whether assemblies for the Editor alone are compiled as well."""
        return "UNITY_EDITOR" in self.defines

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols, as given to mcs."""
        return (*self.defines, *(("BRANCHXR_PYTHONNET",) if self.has_pythonnet else ()))


PLAYER: Final = Configuration("player", PLAYER_DEFINES)
PLAYER_PYTHONNET: Final = Configuration("player-pythonnet", PLAYER_DEFINES, has_pythonnet=True)
EDITOR: Final = Configuration("editor", EDITOR_DEFINES)
EDITOR_PYTHONNET: Final = Configuration("editor-pythonnet", EDITOR_DEFINES, has_pythonnet=True)
CONFIGURATIONS: Final = (PLAYER, PLAYER_PYTHONNET, EDITOR, EDITOR_PYTHONNET)


# --- one assembly ---------------------------------------------------------------------------


def compile_csharp(
    name: str,
    sources: Iterable[Path],
    *,
    references: Sequence[Path | str] = (),
    defines: Sequence[str] = (),
    is_program: bool = False,
    is_unsafe: bool = False,
    options: Sequence[str] = (),
) -> Path:
    """Compile one assembly as Unity's oldest supported compiler would take it: C# 7.2, no warning.

    Args:
        name: of the assembly.
        sources: files, or folders whose `.cs` files are taken.
        references: assemblies by path, or by name for those of Mono.
        defines: conditional symbols.
        is_program: make `NAME.exe` with its `Main`, else `NAME.dll`.
        is_unsafe: allow pointers.
        options: further words for mcs.

    Returns:
        The assembly, whose folder also holds copies of all referenced by path: it runs from there.

    Raises:
        CompileFailed: mcs refused.
    """
    files = sorted(file for source in sources for file in _sources_below(source))
    if not files:
        raise CompileFailed(f"expected C# sources of {name!r}; got none; check the folder")
    paths = [reference for reference in references if isinstance(reference, Path)]
    names = [reference for reference in references if isinstance(reference, str)]
    words = [
        "-langversion:7.2", "-warnaserror", "-warn:4", "-optimize+", "-debug-",
        f"-target:{'exe' if is_program else 'library'}", *(["-unsafe"] if is_unsafe else []),
        *(f"-define:{symbol}" for symbol in defines),
        *(f"-r:{reference}" for reference in (*FRAMEWORK, *names)), *options,
    ]  # fmt: skip
    folder = BUILD / f"{name}-{_fingerprint(words, [*files, *paths])}"
    target = folder / f"{name}.{'exe' if is_program else 'dll'}"
    with _made_once(folder) as is_wanted:
        if is_wanted:
            for path in paths:
                _copy_closure(path, folder)
            local = [f"-r:{folder / path.name}" for path in paths]
            _mcs([*words, *local, f"-out:{target}", *map(str, files)])
    return target


def run(
    program: Path,
    *arguments: str,
    timeout_s: float = 60.0,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> str:
    """Run a program on Mono and return what it printed.

    Raises:
        AssertionError: it ended with another code than 0; the message has what it said.
    """
    command = ["mono", *options, str(program), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_s, check=False,
        env={**mono_environment(), **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{program.name} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return done.stdout


def mono_environment() -> dict[str, str]:
    """Return the environment in which Mono finds the facades, for any Mono host (Python too)."""
    return {**os.environ, "MONO_PATH": str(facades()), "PYTHONNET_RUNTIME": "mono"}


# --- what the package leans on --------------------------------------------------------------


def facades() -> Path:
    """Return a folder with netstandard.dll and its like, which Debian's Mono lacks."""
    maker = HERE / "facades/MakeFacades.cs"
    folder = BUILD / f"facades-{_fingerprint(FACADE_SOURCES, [maker])}"
    with _made_once(folder) as is_wanted:
        if is_wanted:
            program = folder / "MakeFacades.exe"
            _mcs(["-langversion:7.2", "-warnaserror", f"-out:{program}", str(maker)])
            subprocess.run(["mono", str(program), str(folder)], check=True, timeout=60)
            for source in sorted(folder.glob("*.cs")):
                # Obsolete types are forwarded like all others; 1684 is about mscorlib's own.
                _mcs([
                    "-target:library", "-delaysign+", "-nowarn:612,618,619,1684",
                    f"-keyfile:{source.with_suffix('.key')}", f"-out:{source.with_suffix('.dll')}",
                    *(f"-r:{name}" for name in FACADE_SOURCES), str(source),
                ])  # fmt: skip
    return folder


def python_runtime() -> Path:
    """Return pythonnet's `Python.Runtime.dll` of this Python."""
    spec = importlib.util.find_spec("pythonnet")
    assert spec, "needs pythonnet: pip install -e '.[unity]'"
    assert spec.origin
    return Path(spec.origin).parent / "runtime/Python.Runtime.dll"


def engine() -> Path:
    """Return the compiled stub of UnityEngine."""
    return compile_csharp("UnityEngine", [HERE / "stub/UnityEngine"])


def editor() -> Path:
    """Return the compiled stub of UnityEditor."""
    return compile_csharp("UnityEditor", [HERE / "stub/UnityEditor"], references=[engine()])


# --- the package, as its asmdefs say --------------------------------------------------------


def compile_package(configuration: Configuration = PLAYER) -> dict[str, Path]:
    """Compile each assembly definition of the package that this configuration takes part in.

    Which files belong to which assembly, what it refers to and when it is left out comes from the
    `.asmdef` files, by Unity's rules; tests are not among them.

    Returns:
        The assemblies by name, referenced ones first.
    """
    definitions = {
        definition["name"]: (file.parent, definition)
        for file in sorted(PACKAGE.rglob("*.asmdef"))
        if not _is_hidden(file) and "Tests" not in file.relative_to(PACKAGE).parts
        for definition in [json.loads(file.read_text())]
        if _takes_part(definition, configuration)
    }
    made: dict[str, Path] = {}
    while len(made) < len(definitions):
        ready = [
            name
            for name, (_, definition) in definitions.items()
            if name not in made
            and all(used in made or used not in definitions for used in definition["references"])
        ]
        assert ready, f"the asmdefs of {sorted(definitions.keys() - made.keys())} refer in a circle"
        for name in ready:
            made[name] = _compile_definition(*definitions[name], configuration, made)
    return made


def _compile_definition(
    folder: Path, definition: dict[str, Any], configuration: Configuration, made: dict[str, Path]
) -> Path:
    references: list[Path | str] = [engine()]
    if "Editor" in definition["includePlatforms"]:
        references.append(editor())
    references += [made[name] for name in definition["references"] if name in made]
    if "Python.Runtime.dll" in definition["precompiledReferences"]:
        # PyInt shows BigInteger, dynamic code needs Microsoft.CSharp.
        references += [python_runtime(), facades() / "netstandard.dll", "System.Numerics"]
        references += ["Microsoft.CSharp"]
    return compile_csharp(
        definition["name"],
        own_sources(folder),
        references=references,
        defines=configuration.symbols,
        is_unsafe=definition["allowUnsafeCode"],
    )


def own_sources(folder: Path) -> list[Path]:
    """Return the `.cs` files of an asmdef's folder, without those of asmdefs below it."""
    others = [file.parent for file in folder.rglob("*.asmdef") if file.parent != folder]
    return [
        file
        for file in sorted(folder.rglob("*.cs"))
        if not _is_hidden(file) and not any(other in file.parents for other in others)
    ]


def _takes_part(definition: dict[str, Any], configuration: Configuration) -> bool:
    platforms = definition["includePlatforms"]
    if platforms and not (configuration.is_editor and "Editor" in platforms):
        return False
    return all(
        (symbol.removeprefix("!") in configuration.symbols) != symbol.startswith("!")
        for symbol in definition.get("defineConstraints", [])
    )


def _is_hidden(file: Path) -> bool:
    return any(
        part.endswith("~") or part.startswith(".") for part in file.relative_to(PACKAGE).parts
    )


def harness(configuration: Configuration = EDITOR_PYTHONNET) -> Path:
    """Return the program that drives a game for `branchxr_unity.harness`."""
    package = [
        path for name, path in compile_package(configuration).items() if "Editor" not in name
    ]
    return compile_csharp(
        "BranchXR.Harness",
        [HERE / "harness"],
        references=[engine(), *package, python_runtime(), "System.Numerics", "Microsoft.CSharp"],
        defines=configuration.symbols,
        is_program=True,
        is_unsafe=True,
    )


# --- tests in C# ----------------------------------------------------------------------------

NUNIT: Final = tuple(
    Path(f"/usr/lib/cli/{name}-2.6.3/{name}.dll")
    for name in ("nunit.core", "nunit.core.interfaces", "nunit.framework")
)
"""NUnit of Debian's packages; Unity's test framework has the same attributes and assertions."""

NUNIT_INSTALL: Final = "apt-get install libnunit-core2.6.3-cil libnunit-framework2.6.3-cil"


def compile_tests(
    name: str,
    sources: Iterable[Path],
    *,
    references: Sequence[Path | str] = (),
    configuration: Configuration = EDITOR,
) -> Path:
    """Compile NUnit tests against the stub, the package and what else they refer to."""
    missing = [path for path in NUNIT if not path.is_file()]
    assert not missing, f"needs NUnit: {NUNIT_INSTALL}"
    package = compile_package(configuration).values()
    return compile_csharp(
        name,
        sources,
        references=[engine(), *package, NUNIT[2], *references],
        defines=configuration.symbols,
        is_unsafe=True,
    )


def run_tests(
    assembly: Path, *, timeout_s: float = 100.0, environment: Mapping[str, str] | None = None
) -> list[str]:
    """Run the NUnit tests of an assembly on Mono; return the names of those that passed.

    Raises:
        AssertionError: with the report, when any failed or there was none.
    """
    runner = compile_csharp("RunTests", [HERE / "runner"], references=NUNIT[:2], is_program=True)
    report = run(
        runner, str(assembly), timeout_s=timeout_s,
        environment={
            "MONO_PATH": f"{assembly.parent}:{NUNIT[2].parent}:{facades()}", **(environment or {}),
        },
    )  # fmt: skip
    return [line.removeprefix("ok ") for line in report.splitlines() if line.startswith("ok ")]


# --- inside ---------------------------------------------------------------------------------


def _sources_below(source: Path) -> list[Path]:
    return [source] if source.is_file() else list(source.rglob("*.cs"))


def _fingerprint(words: Sequence[str], files: Sequence[Path]) -> str:
    digest = hashlib.sha256("\0".join(words).encode())
    for file in files:
        # By its own name and contents; assemblies carry the hash of theirs in their folder's name.
        digest.update(f"\0{file.parent.name}/{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _copy_closure(assembly: Path, folder: Path) -> None:
    """Copy an assembly and what stands beside it: its own references by path."""
    beside = assembly.parent.glob("*.dll") if assembly.is_relative_to(BUILD) else [assembly]
    for file in beside:
        shutil.copy2(file, folder / file.name)


@contextmanager
def _made_once(folder: Path) -> Iterator[bool]:
    """Hold a lock while a folder is made; tell whether it has to be. A failure leaves none."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_wanted = not folder.is_dir()
        folder.mkdir(exist_ok=True)
        os.utime(folder)
        if is_wanted:
            _forget_old(folder)
        try:
            yield is_wanted
        except BaseException:
            shutil.rmtree(folder)
            raise


def _forget_old(folder: Path) -> None:
    """Remove what was made of earlier sources of the same name and not used for a day."""
    for other in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
        if other.stat().st_mtime < time.time() - 86_400:
            shutil.rmtree(other, ignore_errors=True)


def _mcs(words: Sequence[str]) -> None:
    done = subprocess.run(
        ["mcs", "-nologo", *words], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise CompileFailed(done.stdout + done.stderr)
