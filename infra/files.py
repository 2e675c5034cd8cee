"""Files and directories that users name: what the system says of them becomes one message with a remedy."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from infra.settings import ConfigError

_REMEDIES = {
    errno.ENAMETOOLONG: "Write a shorter name.",
    errno.EACCES: "Permit it to yourself, with the directories above it, or name another.",
    errno.EPERM: "Permit it to yourself, or name another.",
    errno.ELOOP: "Correct the link, which leads back to itself.",
    errno.EISDIR: "Name a file, not a directory.",
    errno.ENOSPC: "Free some space, or name a file on another disk.",
    errno.EROFS: "Name a file on a disk that can be written to.",
    errno.ENOENT: "Name a file in a directory that exists.",
    errno.ENOTDIR: "Name a file in a directory that exists.",
}


def unusable(what: str, path: Path, error: OSError | UnicodeError, verb: str = "read") -> ConfigError:
    """The refusal of what cannot be read or written, in the system's words and with what to do about it."""
    if isinstance(error, UnicodeError):
        return ConfigError(what, str(path), f"cannot be {verb}: not UTF-8", "Save it as UTF-8 text.")
    said = (error.strerror or str(error)).lower()
    return ConfigError(
        what, str(path), f"cannot be {verb}: {said}", _REMEDIES.get(error.errno or 0, "Name another.")
    )


def exists(path: Path, what: str, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether there is such a file, or a directory with ``kind`` ``Path.is_dir``.

    Raises:
        ConfigError: the system does not even look: a name too long, a directory that is closed.
    """
    try:
        return kind(path)
    except OSError as error:
        raise unusable(what, path, error) from None
    except ValueError:  # a NUL byte
        return False
