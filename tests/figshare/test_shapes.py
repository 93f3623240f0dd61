"""The shapes of Figshare's JSON, as threads find them."""

import subprocess
import sys

# What msgspec's Python side does, it does to learn a shape.
LEARNING = """
import sys
import msgspec
from figsync.errors import BadReply
from figsync.figshare import wire

learnt = []

def watch(frame, event, _):
    if event == "call" and "msgspec" in frame.f_code.co_filename:
        learnt.append(shape.__name__)

shapes = [one for one in vars(wire).values() if isinstance(one, type)]
for shape in shapes:
    if issubclass(shape, msgspec.Struct):
        sys.setprofile(watch)
        try:
            wire.decode(b"{}", shape, subject="a test")
        except BadReply:
            pass
        sys.setprofile(None)
print(*sorted(set(learnt)))
"""


def test_no_thread_finds_a_shape_half_learnt() -> None:
    """msgspec learns a shape at first use; another thread crashed on one half done."""
    result = subprocess.run(
        [sys.executable, "-c", LEARNING], capture_output=True, text=True, check=True
    )

    assert result.stdout.split() == []


def test_learning_a_shape_is_noticed() -> None:
    fresh = "class Fresh(msgspec.Struct):\n    id: int = 0\n\nwire.Fresh = Fresh\n"
    code = LEARNING.replace("shapes =", f"{fresh}shapes =")

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.split() == ["Fresh"]
