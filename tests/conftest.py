"""Settings of the whole test run."""

import atexit
import os
import shutil
import tempfile

# Before anything is imported, and for every kernel and program that a test starts: nobody's own
# progress is read or changed. (For `pytest notebooks`, which reads no file here: the Makefile.)
os.environ["COURSEKIT_DATA"] = tempfile.mkdtemp(prefix="coursekit-tests-")
atexit.register(shutil.rmtree, os.environ["COURSEKIT_DATA"], ignore_errors=True)

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# The first example of a property pays for imports and caches, and a busy machine is no bug.
settings.register_profile("course", deadline=None)
settings.load_profile("course")


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """An empty data folder for one test, and a process that has warned of nothing yet."""
    from coursekit.exercises import progress

    folder = tmp_path / "data"
    monkeypatch.setenv("COURSEKIT_DATA", str(folder))
    monkeypatch.setattr(progress, "_waiting", [])
    monkeypatch.setattr(progress, "_warned", False)
    return folder
