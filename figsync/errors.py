"""The exception family: what can go wrong, in one line a researcher understands.

FigsyncError                     a circumstance, never a bug
├── WrongUsage                   2  the command line or the configuration is wrong
├── NeedsPerson                  4  going on could lose something: root, account, scope
├── MirrorOwned                  5  another figsync works on this mirror
├── Interrupted                130  a person or the system asked to stop
├── StateDamaged                    the state database can not be trusted
├── Stale                           the world is not what the plan saw: decide anew
├── DiskProblem                     a local file can not be read or written
│   └── NoRoom                      the disk is full
└── FigshareProblem              6  anything that came of talking to Figshare
    ├── Unreachable                 no answer, or only server errors
    ├── Resting                     not asked: its host failed and is left alone
    ├── TokenRefused                Figshare does not accept the token
    ├── Blocked                     a firewall answers in Figshare's place
    ├── TooMany                     slow down (429)
    ├── NotFound                    404, said by the API itself
    ├── Refused                     the API understood and said no
    │   └── Locked                  409: somebody else is writing that part
    ├── BadReply                    the answer is not what the contract says
    └── BadBytes                    wrong size or MD5: never to be installed
"""

from __future__ import annotations


class FigsyncError(Exception):
    """Something went wrong; `str()` gives subject, cause and next step in one line."""

    exit_code = 1

    def __init__(self, subject: str, cause: str, remedy: str = "") -> None:
        super().__init__(subject, cause, remedy)
        self.subject = subject
        self.cause = cause
        self.remedy = remedy

    @property
    def reason(self) -> str:
        """Cause and next step, for where the subject is told already."""
        line = f"{self.cause}; {self.remedy}" if self.remedy else self.cause
        return " ".join(line.split())

    def __str__(self) -> str:
        line = f"{self.subject}: {self.reason}" if self.subject else self.reason
        return " ".join(line.split())


class WrongUsage(FigsyncError):
    """The command line or the configuration is wrong; nothing was done."""

    exit_code = 2


class NeedsPerson(FigsyncError):
    """Going on could lose something; a person decides first."""

    exit_code = 4


class MirrorOwned(FigsyncError):
    """Another figsync process works on this mirror."""

    exit_code = 5


class Interrupted(FigsyncError):
    """A person or the system asked to stop."""

    exit_code = 130


class StateDamaged(FigsyncError):
    """The state database can not be trusted and is set aside."""


class Stale(FigsyncError):
    """The world is no longer what the plan saw; the next cycle decides anew."""


class DiskProblem(FigsyncError):
    """A local file can not be read or written."""


class NoRoom(DiskProblem):
    """The disk is full."""


class FigshareProblem(FigsyncError):
    """Talking to Figshare failed; *status* is the HTTP status, 0 when none came."""

    exit_code = 6

    def __init__(
        self, subject: str, cause: str, remedy: str = "", *, status: int = 0
    ) -> None:
        super().__init__(subject, cause, remedy)
        self.status = status


class Unreachable(FigshareProblem):
    """No answer came, or only server errors, after every retry that is safe.

    A request that changes something may have had its effect all the same, unless
    the host *was_reached* not even with a connection.
    """

    was_reached: bool = True


class Resting(FigshareProblem):
    """The host failed and is left alone until a time (POSIX seconds); nothing was sent.

    The line says when it is tried again; `figsync sync` tries at once.
    """

    until: float = 0.0


class TokenRefused(FigshareProblem):
    """Figshare does not accept the token; create a new one and store it."""


class Blocked(FigshareProblem):
    """A firewall answers in Figshare's place; it says nothing about the files."""


class TooMany(FigshareProblem):
    """Figshare asks for fewer requests; *retry_after* is in seconds, 0 if not said."""

    retry_after: float = 0.0


class NotFound(FigshareProblem):
    """The API itself says that there is no such thing."""


class Refused(FigshareProblem):
    """The API understood the request and said no."""


class Locked(Refused):
    """Somebody else is writing the same part."""


class BadReply(FigshareProblem):
    """The answer is not what the contract says."""


class BadBytes(FigshareProblem):
    """The bytes that came have the wrong size or MD5 and are not used."""
