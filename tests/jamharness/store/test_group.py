"""A store that a group shares stays shared, whatever the umask of those who write."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="groups and modes of POSIX")
WRITER = """
import os, sys
import numpy as np
from jamharness.api import CellResult
from jamharness.store import RunRecord, Store
os.umask(int(sys.argv[2], 8))
store = Store(sys.argv[1])
identity = {"cell": 1}
store.put(store.key(identity), identity, CellResult(values={}, arrays={"w": np.zeros(3)}), 1.0)
store.write_run(RunRecord(name="mine"))
store.write(store.root / "figures" / "mine" / "f.png", b"x")
store.claims().take("ff" * 32)
"""


def write(root: Path, umask: str) -> dict[str, int]:
    """Modes of all that another process has written, by path."""
    subprocess.run([sys.executable, "-c", WRITER, str(root), umask], check=True)
    return {str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}


@pytest.mark.parametrize(("bits", "folder", "file"), [(0o770, 0o070, 0o060), (0o750, 0o050, 0o040), (0o700, 0, 0)])
@pytest.mark.parametrize("umask", ["077", "022", "000"])
def test_what_is_new_has_the_groups_permissions_of_the_folder(
    tmp_path: Path, bits: int, folder: int, file: int, umask: str
) -> None:
    """Folders, cells, arrays, records, figures, claims and the marker: chmod g+w on the folder is enough."""
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(bits)
    modes = write(root, umask)
    assert len(modes) == 13
    for path, mode in modes.items():
        assert mode & 0o070 == (folder if (root / path).is_dir() else file), (path, oct(mode))
        assert mode & 0o007 == (0o007 if (root / path).is_dir() else 0o006) & ~int(umask, 8), "others': the umask's"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files to any group")
def test_what_is_new_is_of_the_folders_group(tmp_path: Path) -> None:
    """Without the setgid bit; and with it, folders inherit the bit."""
    root = tmp_path / "store"
    root.mkdir()
    os.chown(root, -1, 4321)
    root.chmod(0o2770)
    modes = write(root, "077")
    assert {(root / path).stat().st_gid for path in modes} == {4321}
    assert all(mode & stat.S_ISGID for path, mode in modes.items() if (root / path).is_dir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may make such a folder")
def test_who_is_no_member_of_the_group_opens_nothing_to_another_one(tmp_path: Path) -> None:
    """A file that cannot be given to the folder's group keeps the permissions of the umask."""
    script = WRITER.replace("os.umask", "os.setgroups([]); os.setgid(65534); os.setuid(65534); os.umask", 1)
    place = Path("/tmp") / f"jamharness-group-{os.getpid()}"
    place.mkdir()
    try:
        os.chown(place, 65534, 4321)
        place.chmod(0o770)
        done = subprocess.run([sys.executable, "-c", script, str(place), "077"], capture_output=True, text=True)
        if "Permission" in done.stderr and "import" in done.stderr:
            pytest.skip("another user cannot read this installation")
        assert done.returncode == 0, done.stderr
        for path in place.rglob("*"):
            assert path.stat().st_gid == 65534
            assert stat.S_IMODE(path.stat().st_mode) & 0o070 == 0, path
    finally:
        import shutil

        shutil.rmtree(place)
