"""Tells whether a folder is on a network file system, as far as the system says."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
"""Linux's list of mounted file systems: device, mount point, type, a line each."""

_NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse.glusterfs fuse.s3fs fuse.sshfs gpfs lustre ncpfs nfs nfs4 smb3"
    " smbfs vboxsf virtiofs".split()
)


def on_network(path: Path, *, mounts: Path = MOUNTS) -> bool:
    """Whether other machines may have the same file open. False where that cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    place = path.resolve()
    kinds: dict[Path, str] = {}
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 2:
            kinds[Path(fields[1].replace("\\040", " "))] = fields[2]
    for folder in (place, *place.parents):
        if folder in kinds:
            return kinds[folder] in _NETWORK
    return False
