"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
SUPPORTED = ["3.11", "3.12", "3.13"]

asked = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["lab"],
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["build-system"]["requires"],  # built without isolation, from the lock as well
]


def locked(python):
    """Name and version of everything that the lock installs on one Python under Linux."""
    entries = re.findall(r"^(\S+==[^\\\n]+?) *\\$", LOCK, re.MULTILINE)
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    pins = {}
    for entry in map(Requirement, entries):
        if entry.marker is None or entry.marker.evaluate(environment):
            (pin,) = entry.specifier
            pins[entry.name.lower().replace("_", "-")] = pin.version
    return pins


@pytest.mark.parametrize("python", SUPPORTED)
def test_the_lock_holds_every_dependency(python):
    pins = locked(python)
    assert len(pins) > 100
    for requirement in map(Requirement, asked):
        name = requirement.name.lower().replace("_", "-")
        assert name in pins, f"{name} is not locked: make lock"
        assert pins[name] in requirement.specifier, f"{name} {pins[name]}: make lock"


def test_every_locked_package_has_hashes_and_no_host_is_named():
    entries = re.findall(r"^\S+==.*?(?=^\S|\Z)", LOCK, re.MULTILINE | re.DOTALL)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", LOCK)


def test_the_supported_pythons_are_the_same_everywhere():
    supported = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [v for v in ["3.10", *SUPPORTED, "3.14"] if v in supported] == SUPPORTED
    assert f"py{SUPPORTED[0].replace('.', '')}" == PROJECT["tool"]["ruff"]["target-version"]
    assert PROJECT["tool"]["mypy"]["python_version"] == SUPPORTED[0]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in makefile


def test_conda_installs_the_project_with_its_own_dependencies():
    (python,) = [d for d in CONDA["dependencies"] if str(d).startswith("python")]
    assert python.removeprefix("python=") in SUPPORTED
    (pip,) = [d["pip"] for d in CONDA["dependencies"] if isinstance(d, dict)]
    assert pip == ["-e .[lab]"]
    assert CONDA["name"] == PROJECT["project"]["name"]


def test_the_version_stands_in_two_places_once():
    import coursekit

    assert coursekit.__version__ == PROJECT["project"]["version"]
