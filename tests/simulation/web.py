"""What the account's owner does on figshare.com."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from figsync.sandbox import NewFile, Sandbox
from figsync.sandbox.rows import File
from tests.simulation.values import Values, label

TITLES = (
    "Ice",
    "Soil cores",
    "Leaf <i>(x)</i>",
    "../outside",
    "a/b: c",
    "Con",
    "Ice",
    "t" * 300,
    ".figsync",
    "  spaced  out ",
)
NAMES = (
    "a.txt",
    "b.csv",
    "B.csv",
    "é.dat",
    "x y.bin",
    "../../evil.txt",
    "/etc/passwd",
    "CON",
    "in/side.txt",
    "n" * 280 + ".txt",
    "\u202egnp.txt",
    "a (conflict 2026-11-20 153012).txt",
)
FOLDERS = ("", "", "", "raw", "raw/2024", ".figshare", "..", "raw/")


class Owner:
    """Draws acts on the web; each returns what to tell, "" if it was not possible."""

    def __init__(self, box: Sandbox, values: Values) -> None:
        self.box = box
        self.web = box.web
        self.values = values
        # Paths under which the owner made several records, and uploads left half way.
        self.twins: set[tuple[int, str]] = set()
        self.started: set[int] = set()
        self._contents: dict[int, bytes] = {}
        self.acts: tuple[tuple[int, Callable[[Random], str]], ...] = (
            (5, self.create_item),
            (10, self.add),
            (8, self.replace),
            (6, self.delete),
            (4, self.move),
            (4, self.retitle),
            (2, self.delete_item),
            (1, self.publish),
            (2, self.add_twin),
            (1, self.start_upload),
            (1, self.add_link),
            (2, self.put_old),
            (1, self.describe),
        )

    def act(self, random: Random) -> str:
        """Do something that is possible now."""
        weights = [weight for weight, _ in self.acts]
        for _ in range(8):
            (chosen,) = random.choices(self.acts, weights)
            if told := chosen[1](random):
                self.box.clock.advance(random.choice((0.0, 0.5, 3)))
                return f"web {told}"
        return ""

    def contents(self) -> list[bytes]:
        """Return the content of every file that is there."""
        return [
            self._content(file.id)
            for item in self.web.item_ids()
            for file in self.available(item)
        ]

    def _content(self, file_id: int) -> bytes:
        # What an available record holds never changes.
        if file_id not in self._contents:
            self._contents[file_id] = self.web.content(file_id)
        return self._contents[file_id]

    def available(self, item: int) -> list[File]:
        return [
            file
            for file in self.web.files(item)
            if file.status == "available" and not file.link
        ]

    def create_item(self, random: Random) -> str:
        if len(self.web.item_ids()) >= 12:
            return ""
        item = self.web.create_item(random.choice(TITLES))
        for _ in range(random.randint(0, 3)):
            self._add(random, item)
        return f"creates {self._shown(item)} with {self._files(item)}"

    def add(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None:
            return ""
        told = self._add(random, item)
        return f"adds {told} to {self._shown(item)}" if told else ""

    def replace(self, random: Random) -> str:
        file = self._some_file(random)
        if file is None:
            return ""
        old = self.web.content(file.id)
        new = self.values.new(random, f"web {file.path}")
        self.values.seen_off(old)
        self._note_twins(file)
        new_id = self.web.replace_file(file.id, new)
        return (
            f"replaces {file.path} ({label(old)} -> {label(new)}, #{file.id} ->"
            f" #{new_id}) in {self._shown(file.item_id)}"
        )

    def delete(self, random: Random) -> str:
        file = self._some_file(random)
        if file is None:
            return ""
        old = self.web.content(file.id)
        self.values.seen_off(old)
        self.web.delete_file(file.id)
        return (
            f"deletes {file.path} ({label(old)}, #{file.id}) in"
            f" {self._shown(file.item_id)}"
        )

    def move(self, random: Random) -> str:
        file, folder = self._some_file(random), random.choice(FOLDERS)
        if file is None or self._at(file.item_id, folder, file.name):
            return ""
        content = self.web.content(file.id)
        new = self.web.add_file(file.item_id, file.name, content, folder=folder)
        self.web.delete_file(file.id)
        return (
            f"moves {file.path} ({label(content)}) to folder {folder!r} (#{file.id} ->"
            f" #{new}) in {self._shown(file.item_id)}"
        )

    def retitle(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None:
            return ""
        before = self._shown(item)
        self.web.edit_item(item, title=random.choice(TITLES))
        return f"renames {before} to {self._shown(item)}"

    def delete_item(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None or self.web.item(item)["is_public"]:
            return ""
        shown = f"{self._shown(item)} with {self._files(item)}"
        for file in self.available(item):
            self.values.seen_off(self.web.content(file.id))
        self.web.delete_item(item)
        return f"deletes {shown}"

    def publish(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None or not self.available(item):
            return ""
        self.web.publish(item)
        return f"publishes {self._shown(item)}"

    def add_twin(self, random: Random) -> str:
        file = self._some_file(random)
        if file is None:
            return ""
        same = random.random() < 0.4
        content = self.web.content(file.id)
        if not same:
            content = self.values.new(random, f"web {file.path}")
        self.twins.add((file.item_id, file.path))
        new = self.web.add_file(
            file.item_id, file.name, content, folder=file.folder or ""
        )
        shown = self._shown(file.item_id)
        return f"adds a twin of {file.path} ({label(content)}, #{new}) to {shown}"

    def start_upload(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None:
            return ""
        new = NewFile(random.choice(NAMES[:3]), 700, folder=random.choice(FOLDERS[:4]))
        file = self.web.start_upload(item, new)
        self.started.add(file)
        return f"begins to upload {new.name} (#{file}) to {self._shown(item)}"

    def add_link(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None or self.available(item):
            return ""
        file = self.web.add_link(item, "https://example.org/far")
        return f"adds a link (#{file}) to {self._shown(item)}"

    def put_old(self, random: Random) -> str:
        file = self._some_file(random)
        if file is None or not self.values.ever:
            return ""
        old = self.web.content(file.id)
        new = self.values.again(self.values.some_old(random), f"web {file.path}")
        if new != old:
            self.values.seen_off(old)
        self._note_twins(file)
        new_id = self.web.replace_file(file.id, new)
        return (
            f"puts {label(new)} back as {file.path} (was {label(old)}, #{file.id} ->"
            f" #{new_id}) in {self._shown(file.item_id)}"
        )

    def describe(self, random: Random) -> str:
        item = self._some_item(random)
        if item is None:
            return ""
        self.web.edit_item(item, description=f"<p>{random.random()}</p>")
        return f"describes {self._shown(item)}"

    def _add(self, random: Random, item: int) -> str:
        folder, name = random.choice(FOLDERS), random.choice(NAMES)
        if random.random() < 0.5:
            folder, name = random.choice(FOLDERS[:5]), random.choice(NAMES[:5])
        if self._at(item, folder, name):
            return ""
        content = self.values.new(random, f"web {folder}/{name}")
        late = random.choice((0.0, 0.0, 0.0, 30.0))
        file = self.web.add_file(item, name, content, folder=folder, md5_delay=late)
        return f"{folder}/{name} ({label(content)}, #{file})"

    def _at(self, item: int, folder: str, name: str) -> bool:
        wanted = "/".join(part for part in (folder.strip("/"), name) if part)
        wanted = wanted.strip("/")
        return any(file.path.strip("/") == wanted for file in self.web.files(item))

    def disown_all(self) -> None:
        """Note that nobody knows any more who made what is not as it should be."""
        for item in self.web.item_ids():
            for file in self.web.files(item):
                self._note_twins(file)
                if file.status != "available":
                    self.started.add(file.id)

    def _note_twins(self, file: File) -> None:
        """Note records of one path of which the owner changes but one.

        One that a computer is just sending is written at the same time.
        """
        records = self.web.files(file.item_id)
        paths = [other.path for other in records if other.id not in self.started]
        if paths.count(file.path) > 1:
            self.twins.add((file.item_id, file.path))

    def note_left(self, item_id: str, paths: Iterable[str]) -> None:
        """Note files that a computer was sending when it left their item.

        Nobody concludes these uploads: old and new record stay, under one path.
        """
        for item in self.web.item_ids():
            record = self.web.item(item)
            if item_id in (str(record["id"]), record.get("uuid")):
                self.twins |= {(item, path) for path in paths}

    def _some_item(self, random: Random) -> int | None:
        items = sorted(self.web.item_ids())
        return random.choice(items) if items else None

    def _some_file(self, random: Random) -> File | None:
        files = [f for i in sorted(self.web.item_ids()) for f in self.available(i)]
        return random.choice(files) if files else None

    def _shown(self, item: int) -> str:
        title = str(self.web.item(item)["title"])
        return f"item {item} {title[:20]!r}"

    def _files(self, item: int) -> str:
        shown = [
            f"{file.path} ({label(self.web.content(file.id))}, #{file.id})"
            for file in self.available(item)
        ]
        return ", ".join(shown) or "no files"
