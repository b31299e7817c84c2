"""Files that are there whole or not at all, whatever interrupts the writing."""

import glob
import os
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

_WAITS = (0.01, 0.05, 0.2)  # seconds between the attempts to put a file in its place
_ABANDONED = 60.0  # seconds after which nobody is still writing a temporary file


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file: whoever reads ``path`` meets the old content or the new, and never a part.

    Text becomes UTF-8, its line ends kept. The folder must exist; on an error (``OSError``) the
    old file stays and nothing is left beside it. What a killed process has left beside it goes with
    a later writing.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    _tidy(path)
    try:
        # Not tempfile: its files are for their owner alone, whatever the umask.
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except OSError as error:
        if error.errno is None:
            raise
        # The reader of the message knows nothing of the temporary file.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        with suppress(OSError):  # a read-only folder says so even where there is nothing to remove
            temporary.unlink(missing_ok=True)


def _tidy(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def _replace(temporary: Path, path: Path) -> None:
    # Windows refuses while anybody, a virus scanner too, has one of the two open.
    for wait in _WAITS:
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(wait)
    temporary.replace(path)
