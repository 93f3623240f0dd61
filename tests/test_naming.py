"""Names from anywhere become safe ones, stay put, and come back as they were."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from figsync import naming
from figsync.errors import BadReply
from figsync.naming import (
    DEFAULT_IGNORES,
    IgnoreRules,
    Rule,
    assign_paths,
    conflict_name,
    fold,
    folder_name,
    is_conflict_copy,
    local_path,
    original_of,
    record_suffix,
    remote_path,
    shortcut,
    shown,
    title_from_folder,
    unique_name,
    uploadable_name,
    with_suffix,
)

NFC = "caf\u00e9"
NFD = normalize("NFD", NFC)
WHEN = datetime(2026, 11, 20, 15, 30, 12, tzinfo=UTC)
HOSTILE = st.text(
    st.one_of(
        st.sampled_from(
            './\\:*?"<>|\x00\x1f\x7f\u202e\u200f \u0301\udce9\ud800CONfigshare'
        ),
        st.characters(),
    ),
    max_size=40,
)


def never(_: str) -> bool:
    return False


def assigned(
    *remote: tuple[str, str],
    remembered: dict[str, str] | None = None,
    portable: bool = False,
    case_sensitive: bool = True,
    normalises: bool = False,
) -> list[str]:
    """Return the local path of each (folder, name)."""
    paths = assign_paths(
        [(number, *place) for number, place in enumerate(remote)],
        remembered or {},
        portable=portable,
        case_sensitive=case_sensitive,
        normalises=normalises,
    )
    return [paths[number] for number in range(len(remote))]


# Folders from titles


@pytest.mark.parametrize(
    ("title", "folder"),
    [
        ("Soil cores", "Soil cores"),
        ("  Soil \t\r\n cores\u2028 2024 ", "Soil cores 2024"),
        ("H<sub>2</sub>O of <i class='x'>Homo</i>", "H2O of Homo"),
        ("<p>One</p><p>Two<br/>Three</p>", "One Two Three"),
        ("&lt;b&gt;Salt&lt;/b&gt; &amp; soil", "Salt & soil"),
        ("p &lt; 0.05 and q > 3", "p _ 0.05 and q _ 3"),
        ("A/B: why? |*|", "A-B- why --"),
        ('The "best" one', "The 'best' one"),
        ("../../etc", "-..-etc"),
        ("...hidden", "hidden"),
        ("Ends. . .", "Ends"),
        ("con", "con_"),
        ("NUL.txt", "NUL_.txt"),
        ("COM1", "COM1_"),
        ("a\x00b\x07c\u202ed\ufeff", "abcd"),
        (NFD, NFC),
        ("thesis.part", "_thesis.part_"),
        ("", "untitled"),
        ("<b></b> ???", "untitled"),
    ],
)
def test_a_title_becomes_a_safe_folder_name(title: str, folder: str) -> None:
    assert folder_name(title) == folder


@given(HOSTILE.map(lambda text: text * 8))
def test_a_folder_name_is_safe_portable_and_short(title: str) -> None:
    name = folder_name(title)

    assert 0 < len(name.encode()) <= 150
    assert local_path("", name, portable=True) == name
    assert not name.startswith(".")
    assert not IgnoreRules().ignored(name, is_dir=True)


def test_a_long_title_is_cut_between_characters() -> None:
    assert folder_name("é" * 200) == "é" * 74


def test_unclosed_markup_of_any_length_is_read_quickly() -> None:
    assert folder_name("<!--" * 200_000).startswith("_!--")


def test_a_taken_name_gets_a_suffix_that_stays() -> None:
    taken = {fold("Soil Cores")}

    first = unique_name("soil cores", taken, "item 7")

    assert first == unique_name("soil cores", taken, "item 7")
    assert first != unique_name("soil cores", taken, "item 8")
    assert first.startswith("soil cores (")
    assert unique_name("Other", taken, "item 7") == "Other"


def test_a_taken_suffix_makes_way_for_a_longer_one() -> None:
    taken = {fold("a"), fold(unique_name("a", {"a"}, "7"))}

    second = unique_name("a", lambda name: fold(name) in taken, "7")

    assert fold(second) not in taken


def test_a_unique_name_keeps_within_150_bytes() -> None:
    wanted = "x" * 150

    assert len(unique_name(wanted, {wanted}, "7")) == 150


@pytest.mark.parametrize(
    ("folder", "title"),
    [("Soil", "Soil"), ("ab", "Folder ab"), (" a ", "Folder  a "), (NFD, NFD)],
)
def test_a_new_folder_gives_its_item_a_title_long_enough(
    folder: str, title: str
) -> None:
    assert title_from_folder(folder) == title


# Paths from folders and names


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "sub dir/a.txt",
        f"{NFC}/{NFD}",
        ".figsyncignore",
        ".hidden/..x/x..",
        "back\\slash: what?",
        "x" * 255,
        "é" * 127,
        " space ",
        "CON",
    ],
)
def test_a_name_the_disk_can_hold_comes_unchanged(path: str) -> None:
    assert local_path("", path, portable=False) == path
    assert assigned(("", path)) == [path]


@pytest.mark.parametrize(
    ("name", "beginning", "end"),
    [
        ("../x", "_ (", ")/x"),
        ("..", "_ (", ")"),
        ("/etc/passwd", "_ (", ")/etc/passwd"),
        ("a//b", "a/_ (", ")/b"),
        ("", "_ (", ")"),
        ("a\x00b.txt", "a_b (", ").txt"),
        ("txt\u202efdp.exe", "txt_fdp (", ").exe"),
        ("a\ud800.txt", "a_ (", ").txt"),
        (".figshare/record.json", ".figshare (", ")/record.json"),
        ("sub/.FigShare", "sub/.FigShare (", ")"),
        (".fig\u200cſync", ".fig\u200cſync (", ")"),
        (".figshare. ", ".figshare. ", ")"),
        ("x" * 251 + ".tar.gz", "xxx", ").tar.gz"),
        ("a/" * 200 + "deep.txt", "deep (", ").txt"),
        (f"{'x' * 250}/" * 20 + "long.txt", "long (", ").txt"),
    ],
)
def test_a_name_the_disk_can_not_hold_is_changed_and_marked(
    name: str, beginning: str, end: str
) -> None:
    local = local_path("", name, portable=False)

    assert local.startswith(beginning)
    assert local.endswith(end)


@pytest.mark.parametrize(
    "name", ["a:b", "what?.txt", "dot.", "space ", "CON", "nul.txt", "COM1.a.b", "x\\y"]
)
def test_portable_names_change_what_other_systems_refuse(name: str) -> None:
    portable = local_path("", name, portable=True)

    assert local_path("", name, portable=False) == name
    assert portable != name
    assert local_path("", portable, portable=True) == portable


@given(HOSTILE, HOSTILE, st.booleans())
def test_no_name_leads_outside_or_needs_a_second_change(
    folder: str, name: str, portable: bool
) -> None:
    local = local_path(folder, name, portable=portable)

    components = local.split("/")
    assert not {"", ".", "..", ".figsync", ".figshare"} & set(components)
    assert all(len(component.encode()) <= 255 for component in components)
    assert "\0" not in local
    assert local_path("", local, portable=portable) == local


@given(st.text(max_size=600))
def test_every_path_can_be_made_on_this_disk(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    root = tmp_path_factory.mktemp("item")

    target = root / local_path("", name, portable=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()

    assert target.resolve().is_relative_to(root.resolve())


def test_what_is_in_one_changed_folder_stays_together() -> None:
    first, second = assigned(("a\x00b", "one"), ("a\x00b", "two"))

    assert first.rpartition("/")[0] == second.rpartition("/")[0]


def test_names_made_equal_by_the_change_stay_apart() -> None:
    first, second = assigned(("", "a\x00b"), ("", "a\x01b"))

    assert first != second


def test_a_name_with_slashes_is_the_same_path_as_a_folder() -> None:
    assert remote_path("/a/", "b/c") == remote_path("a/b", "c") == "a/b/c"
    assert assigned(("a", "b/c"), ("a/b", "c")) == ["a/b/c", "a/b/c"]


def test_twins_keep_their_names_where_the_disk_tells_them_apart() -> None:
    twins = [("", "README"), ("", "readme"), ("", NFC), ("", NFD)]

    assert assigned(*twins) == ["README", "readme", NFC, NFD]


def test_twins_by_case_are_told_apart_by_a_suffix() -> None:
    upper, lower = assigned(("", "README.md"), ("", "readme.md"), case_sensitive=False)

    assert upper == "README.md"
    assert lower.startswith("readme (")
    assert lower.endswith(").md")


def test_twins_by_normal_form_are_told_apart_by_a_suffix() -> None:
    paths = assigned(("", NFC), ("", NFD), normalises=True)

    assert len({normalize("NFC", path) for path in paths}) == 2
    assert NFD in paths


def test_twin_folders_are_told_apart_too() -> None:
    upper, lower = assigned(("Data", "a"), ("data", "b"), case_sensitive=False)

    assert upper == "Data/a"
    assert lower.startswith("data (")


def test_a_file_gives_way_to_a_folder_of_its_name() -> None:
    file, inside = assigned(("", "a.d"), ("a.d", "b"))

    assert inside == "a.d/b"
    assert file.startswith("a (")
    assert file.endswith(").d")


def test_a_remembered_file_makes_the_folder_give_way() -> None:
    file, inside = assigned(("", "a"), ("a", "b"), remembered={"a": "a"})

    assert file == "a"
    assert inside.startswith("a (")


def test_a_remembered_path_stays_whatever_arrives() -> None:
    remembered = {"readme": "readme"}

    late, early = assigned(
        ("", "README"), ("", "readme"), remembered=remembered, case_sensitive=False
    )

    assert early == "readme"
    assert late.startswith("README (")


def test_a_new_file_joins_the_remembered_folder() -> None:
    _, new = assigned(
        ("data", "old"),
        ("data", "new"),
        remembered={"data/old": "data (1)/old"},
        case_sensitive=False,
    )

    assert new == "data (1)/new"


def test_two_can_not_remember_one_path() -> None:
    first, second = assigned(("", "a"), ("", "b"), remembered={"a": "x", "b": "x"})

    assert (first, second) == ("x", "b")


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=8), st.booleans())
def test_different_paths_never_share_a_place(
    remote: list[tuple[str, str]], portable: bool
) -> None:
    paths = assigned(*remote, portable=portable, case_sensitive=False)

    places = {fold(path) for path in paths}
    assert len(places) == len({remote_path(*place) for place in remote})
    above = {fold(str(folder)) for path in paths for folder in Path(path).parents}
    assert not places & above


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=6), st.randoms())
def test_the_order_of_arrival_changes_nothing(
    remote: list[tuple[str, str]], random: Random
) -> None:
    shuffled = list(remote)
    random.shuffle(shuffled)

    before = dict(zip(remote, assigned(*remote, case_sensitive=False), strict=True))
    after = dict(zip(shuffled, assigned(*shuffled, case_sensitive=False), strict=True))

    assert before == after


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=6))
def test_remembering_everything_changes_nothing(remote: list[tuple[str, str]]) -> None:
    paths = assigned(*remote, case_sensitive=False)
    known = {
        remote_path(*place): path for place, path in zip(remote, paths, strict=True)
    }

    assert assigned(*remote, remembered=known, case_sensitive=False) == paths


# Names beside a name


@pytest.mark.parametrize(
    ("path", "suffixed"),
    [
        ("a.txt", "a (x).txt"),
        ("d.x/a", "d.x/a (x)"),
        ("a.tar.gz", "a (x).tar.gz"),
        ("v1.2024.gz", "v1.2024 (x).gz"),
        (".bashrc", ".bashrc (x)"),
        ("Dr. Who", "Dr. Who (x)"),
        ("ends.", "ends. (x)"),
    ],
)
def test_a_suffix_goes_before_the_extension(path: str, suffixed: str) -> None:
    assert with_suffix(path, "x") == suffixed


def test_a_suffix_on_a_long_name_shortens_the_stem() -> None:
    suffixed = with_suffix("é" * 125 + ".txt", "x")

    assert suffixed.endswith("é (x).txt")
    assert len(suffixed.encode()) <= 255


def test_a_further_record_is_named_by_its_id() -> None:
    assert record_suffix("d/a.csv", "51057548") == "d/a (#51057548).csv"


def test_a_hostile_id_stays_out_of_the_name() -> None:
    assert record_suffix("a.csv", "../../x").count("/") == 0


def test_a_conflict_copy_tells_the_time_in_utc() -> None:
    expected = "d/a (conflict 2026-11-20 153012).txt"

    assert conflict_name("d/a.txt", WHEN, never) == expected
    assert conflict_name("d/a.txt", WHEN.timestamp(), never) == expected


def test_conflict_copies_of_one_second_are_numbered() -> None:
    taken: set[str] = set()

    for _ in range(3):
        taken.add(conflict_name("a.txt", WHEN, taken.__contains__))

    assert taken == {
        "a (conflict 2026-11-20 153012).txt",
        "a (conflict 2026-11-20 153012 2).txt",
        "a (conflict 2026-11-20 153012 3).txt",
    }


@given(HOSTILE.filter(lambda name: name.strip("./") != ""), st.booleans())
def test_a_conflict_copy_is_known_by_its_name_alone(name: str, numbered: bool) -> None:
    path = local_path("", name, portable=False)
    answers = iter([numbered, False])

    copy = conflict_name(path, WHEN, lambda _: next(answers))

    assert is_conflict_copy(copy)
    assert original_of(copy) == path
    assert not is_conflict_copy(path)
    assert original_of(path) is None


def test_a_conflict_copy_of_a_long_name_is_still_known() -> None:
    assert is_conflict_copy(conflict_name("x" * 250 + ".txt", WHEN, never))


def test_a_copy_renamed_to_an_ordinary_name_is_no_conflict() -> None:
    assert not is_conflict_copy("a (conflict 2026-11-20 153012) mine.txt")
    assert not is_conflict_copy("a (conflict of interest).txt")


# Ignore rules


@pytest.mark.parametrize(
    ("path", "is_dir"),
    [
        ("Item/.DS_Store", False),
        ("Item/sub/Thumbs.db", False),
        ("Item/._photo.jpg", False),
        ("Item/~$thesis.docx", False),
        ("Item/.~lock.table.ods#", False),
        ("Item/.a.swp", False),
        ("Item/big.iso.part", False),
        ("Item/big.crdownload", False),
        ("Item/.git", True),
        ("Item/.git/objects/aa", False),
        ("Item/half.part/inner", False),
    ],
)
def test_what_programs_leave_behind_is_ignored(path: str, is_dir: bool) -> None:
    assert IgnoreRules().ignored(path, is_dir)


@pytest.mark.parametrize(
    "path",
    ["Item/.git", "Item/.gitignore", "Item/part", "Item/.hidden", "Item/a.partial"],
)
def test_other_files_are_not_ignored(path: str) -> None:
    assert not IgnoreRules().ignored(path, is_dir=False)


def test_only_the_root_ignores_every_dot_name() -> None:
    assert naming.is_root_name_ignored(".figsync")
    assert not naming.is_root_name_ignored("Item")
    assert not IgnoreRules().ignored("Item/.zenodo.json", is_dir=False)


def test_a_configured_line_can_bring_back_a_default() -> None:
    assert not IgnoreRules(["!*.part"]).ignored("Item/a.part", is_dir=False)


@pytest.mark.parametrize(
    ("lines", "path", "is_dir", "ignored"),
    [
        (["*.tmp"], "a/b.tmp", False, True),
        (["# comment", "", "*.tmp  "], "b.tmp", False, True),
        (["/raw"], "raw/x", False, True),
        (["/raw"], "a/raw", False, False),
        (["a/raw"], "b/a/raw", False, False),
        (["raw/"], "raw", False, False),
        (["raw/"], "a/raw", True, True),
        (["raw/**", "!raw/keep"], "raw/keep", False, False),
        (["raw/**", "!raw/keep"], "raw/other", False, True),
        (["raw", "!raw/keep"], "raw/keep", False, True),
        (["*", "!*/", "!*.csv"], "a/b/c.csv", False, False),
        (["*", "!*/", "!*.csv"], "a/b/c.txt", False, True),
        (["*", "!keep/"], "keep/x", False, True),
        (["raw/**/"], "raw", True, False),
        (["raw/**/"], "raw/sub/x", False, True),
        (["!"], "a", False, False),
        (["a\\"], "a", False, False),
        ([r"\#a", r"\!b"], "!b", False, True),
    ],
)
def test_lines_mean_what_they_mean_in_git(
    lines: list[str], path: str, is_dir: bool, ignored: bool
) -> None:
    assert IgnoreRules(lines).ignored(path, is_dir) is ignored


@pytest.mark.parametrize(
    ("path", "is_dir", "rule"),
    [
        ("Item/a.tmp", False, Rule("*.tmp", "[mirror] ignore", "Item/a.tmp")),
        ("Item/build/x", False, Rule("build/", ".figsyncignore", "Item/build")),
        ("Item/d/x", False, Rule("x*", "Item/d/.figsyncignore", "Item/d/x")),
        ("Item/.git", True, Rule(".git/", "the rules that always hold", "Item/.git")),
        ("Item/._x", False, Rule("._*", "the rules that always hold", "Item/._x")),
        ("Item/d/kept.tmp", False, None),
        ("Item/a.csv", False, None),
    ],
)
def test_the_rule_that_ignores_a_path_is_named(
    path: str, is_dir: bool, rule: Rule | None
) -> None:
    rules = IgnoreRules(["*.tmp"]).nested("", ["build/"])
    rules = rules.nested("Item/d", ["x*", "!kept.tmp"])

    assert rules.rule(path, is_dir) == rule
    assert rules.ignored(path, is_dir) is (rule is not None)


def test_the_lines_of_a_folder_hold_in_it_alone() -> None:
    rules = IgnoreRules().nested("Item/raw", ["/*.csv"])

    assert rules.ignored("Item/raw/a.csv", is_dir=False)
    assert not rules.ignored("Item/raw/sub/a.csv", is_dir=False)
    assert not rules.ignored("Item/rawest/a.csv", is_dir=False)
    assert not rules.ignored("Item/a.csv", is_dir=False)


def test_the_deeper_folder_wins_in_whatever_order_they_were_read() -> None:
    shallow = ("Item", ["*.csv"])
    deep = ("Item/raw", ["!*.csv"])

    for first, second in ((shallow, deep), (deep, shallow)):
        rules = IgnoreRules().nested(*first).nested(*second)
        assert rules.ignored("Item/a.csv", is_dir=False)
        assert not rules.ignored("Item/raw/a.csv", is_dir=False)


def test_rules_do_not_change_when_a_folder_adds_its_own() -> None:
    rules = IgnoreRules()

    rules.nested("", ["*.csv"])

    assert not rules.ignored("a.csv", is_dir=False)


def test_the_fingerprint_changes_with_the_rules_alone() -> None:
    plain = IgnoreRules(["*.csv"])

    assert plain.fingerprint == IgnoreRules(["*.csv"]).fingerprint
    assert plain.fingerprint == plain.nested("Item", []).fingerprint
    assert plain.fingerprint != IgnoreRules(["*.tsv"]).fingerprint
    assert plain.fingerprint != plain.nested("Item", ["*.csv"]).fingerprint


_NAMES = st.text(st.sampled_from("a._~$#lock.swpartDS_Stoegit"), min_size=1, max_size=9)
_PLACES = st.lists(
    st.one_of(_NAMES, st.sampled_from([p.rstrip("/") for p in DEFAULT_IGNORES])),
    min_size=1,
    max_size=4,
).map("/".join)


@given(_PLACES, st.booleans())
def test_the_defaults_agree_with_pathspec(path: str, is_dir: bool) -> None:
    spec = GitIgnoreSpec.from_lines(DEFAULT_IGNORES)

    expected = spec.match_file(f"{path}/" if is_dir else path)

    assert IgnoreRules().ignored(path, is_dir) == expected


_ATOMS = st.sampled_from(["a", "b", "keep", "*.log", "*", "?", "k*p", "[ab]", "x.*"])
_LINES = st.lists(
    st.builds(
        lambda start, atoms, end: start + "/".join(atoms) + end,
        st.sampled_from(["", "/"]),
        st.lists(_ATOMS, min_size=1, max_size=3),
        st.sampled_from(["", "/"]),
    ),
    max_size=4,
)


@given(_LINES, st.lists(st.sampled_from(["a", "b", "keep", "x.log"]), min_size=1))
def test_lines_without_negation_agree_with_pathspec(
    lines: Sequence[str], components: Sequence[str]
) -> None:
    path = "/".join(components)

    expected = GitIgnoreSpec.from_lines(lines).match_file(path)

    assert IgnoreRules(lines).ignored(path, is_dir=False) == expected


# Text


@pytest.mark.parametrize("path", ["a.txt", f"sub/{NFD}", " a ", "back\\slash:", ".x"])
def test_an_ordinary_name_can_be_uploaded(path: str) -> None:
    assert uploadable_name(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (os.fsdecode(b"caf\xe9.txt"), "not UTF-8"),
        ("a\nb", "control character"),
        ("a\u202eb", "direction"),
        ("sub/.figshare/x", "keeps for itself"),
    ],
)
def test_a_name_figshare_can_not_give_back_has_a_reason(path: str, reason: str) -> None:
    assert reason in (uploadable_name(path) or "")


@given(HOSTILE)
def test_only_names_that_come_back_unchanged_are_uploadable(name: str) -> None:
    comes_back = local_path("", name, portable=False) == name

    assert (uploadable_name(name) is None) == comes_back


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("Maß und Zahl/é.txt", "Maß und Zahl/é.txt"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("txt\u202efdp", "txt\\u202efdp"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
    ],
)
def test_a_name_is_shown_on_one_printable_line(path: str, told: str) -> None:
    assert shown(path) == told


@given(HOSTILE)
def test_whatever_is_shown_can_be_printed(path: str) -> None:
    assert shown(path).isprintable()


def test_a_link_becomes_a_shortcut() -> None:
    content = shortcut("https://example.org/é?q=1")

    assert content.decode() == "[InternetShortcut]\r\nURL=https://example.org/é?q=1\r\n"


@pytest.mark.parametrize(
    "url", ["https://x\r\nIconFile=//evil/x", "file:///etc/passwd", "", "http://\x00"]
)
def test_a_link_that_could_do_more_than_open_a_page_is_refused(url: str) -> None:
    with pytest.raises(BadReply):
        shortcut(url)
