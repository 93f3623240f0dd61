"""Where a folder is mounted from: changes made elsewhere cause no event here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

MOUNTS = Path("/proc/self/mountinfo")
# File systems that other computers, or the host of a virtual machine, change too.
NETWORK = frozenset(
    ["9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs"]
    + ["fhgfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2"]
    + ["orangefs", "prl_fs", "pvfs2", "shfs", "smb2", "smb3", "smbfs", "vboxsf"]
    + ["virtiofs", "vmhgfs"]
)
NETWORK_IN_USER_SPACE = frozenset(
    ["blobfuse", "ceph-fuse", "cifs", "curlftpfs", "davfs", "davfs2", "gcsfuse"]
    + ["glusterfs", "goofys", "grpcfuse", "gvfsd-fuse", "juicefs", "mount.ceph"]
    + ["onedriver", "osxfs", "rclone", "s3fs", "sshfs", "vmhgfs-fuse"]
)


def network_drive(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return what kind of network drive *folder* is on, "" if none or not known."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    kind = _kind_at(folder, lines)
    is_fuse, program = kind.startswith("fuse."), kind.removeprefix("fuse.")
    is_network = program in NETWORK_IN_USER_SPACE if is_fuse else kind in NETWORK
    return kind if is_network else ""


def _kind_at(folder: Path, lines: Iterable[str]) -> str:
    """Return the type of the file system that *folder* is on; "" if none tells."""
    above = {PurePosixPath(folder), *PurePosixPath(folder).parents}
    best, kind = -1, ""
    for line in lines:
        mount, _, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not source:
            continue
        point = PurePosixPath(_plain(fields[4]))
        # Of several mounts at one place the last one hides the others.
        if point in above and len(point.parts) >= best:
            best, kind = len(point.parts), source.split(" ")[0]
    return kind


def _plain(escaped: str) -> str:
    """Return a mount point as it is: blanks and the like stand there in octal."""
    for code in ("040", "011", "012", "134"):
        escaped = escaped.replace(f"\\{code}", chr(int(code, 8)))
    return escaped
