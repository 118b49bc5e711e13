"""What is left of earlier runs beside versions: experiments, the queue, DVC's temporary files and its site cache.

All of it can be made again, and only experiments have results: those that were made from what is erased go.
"""

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gettok.purge.places import site_caches
from gettok.purge.removal.history import git, refs

_EXPERIMENTS = "refs/exps"
#: Where DVC keeps what it is about to run, and what it ran last; no experiment by a name is below them.
_WORKING = tuple(f"{_EXPERIMENTS}/{name}" for name in ("stash", "celery", "exec", "apply", "temp"))
_TMP = Path(".dvc", "tmp")
#: DVC's own locks, and what tells this repository from another in the same place.
_STAYS = frozenset({"lock", "rwlock", "rwlock.lock", "btime"})


def experiments() -> dict[str, str]:
    """The commit of each experiment, by its ref."""
    return {ref: commit for ref, commit in refs(_EXPERIMENTS).items() if not ref.startswith(_WORKING)}


def queued() -> list[str]:
    """The refs of experiments that wait, failed or ran last, and of what DVC restores after them."""
    return [ref for ref in refs(_EXPERIMENTS) if ref.startswith(_WORKING)]


def remove_refs(names: Collection[str]) -> None:
    """Delete refs with their reflogs, and what only they led to."""
    for ref in names:
        git("update-ref", "-d", ref)
    for ref in names:
        Path(git("rev-parse", "--git-path", f"logs/{ref}").strip()).unlink(missing_ok=True)


def prune() -> None:
    """Delete git's objects that no branch, tag or stash leads to: reflogs let go of them, but not of stashes."""
    logged = ["HEAD", *refs("refs/heads"), *refs("refs/remotes")]
    git("reflog", "expire", "--expire-unreachable=now", *logged)
    git("gc", "--quiet", "--prune=now")


def clear_temporary() -> None:
    """Delete DVC's temporary files: workspaces and logs of experiments, and caches of what it read."""
    for entry in sorted(_TMP.iterdir()) if _TMP.is_dir() else ():
        if entry.name not in _STAYS:
            _delete(entry)


def clear_site_cache(repo: Any) -> None:
    """Delete the paths and MD5s of tracked files that DVC notes, where it is set to and in its usual place."""
    for folder in site_caches(repo).values():
        _delete(folder)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
