"""The split made at home: what is read of its pickle, what never runs, and what comes of it."""

from __future__ import annotations

import base64
import os
import pickle
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dlc_batch_core.intake import HOME_SPLITS, is_taken, place_of
from dlc_batch_core.request import Request
from dlc_batch_trainer import split_document
from dlc_batch_trainer.home_split import HomeSplits, UnfitSplitError, read_document
from dlc_batch_trainer.split import Split, draw_split

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

DATASET = "training-datasets/iteration-0/UnaugmentedDataSet_walkJan1"
IMAGES = [f"labeled-data/v{v}/img{n:03}.png" for v in range(2) for n in range(10)]
TEST_ROWS = (3, 4, 15, 16)
TRAIN_ROWS = tuple(row for row in range(20) if row not in TEST_ROWS)

#: What NumPy 1.26.4 wrote for frames 0, 2, 3 that train and 1 that scores, of four.
NUMPY_1 = {
    "protocol 4": (
        "gASV2wIAAAAAAABdlChdlCh9lCiMBWltYWdllIwMbGFiZWxlZC1kYXRhlIwBdpSMCGltZzAucG5nlIeUjARzaXpl"
        "lIwVbnVtcHkuY29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWU"
        "QwFilIeUUpQoSwFLA4WUaAyMBWR0eXBllJOUjAJpOJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMY"
        "AwAAAAAAAACAAAAAAAAAAKAAAAAAAAAAlHSUYowGam9pbnRzlGgLaA5LAIWUaBCHlFKUKEsBSwJLA4aUaBiJQzAA"
        "AAAAAAAAAAoAAAAAAAAAFAAAAAAAAAABAAAAAAAAAB4AAAAAAAAAKAAAAAAAAACUdJRidX2UKGgDaARoBYwIaW1n"
        "Mi5wbmeUh5RoCGgLaA5LAIWUaBCHlFKUKEsBSwOFlGgYiUMYAwAAAAAAAACAAAAAAAAAAKAAAAAAAAAAlHSUYmgd"
        "aAtoDksAhZRoEIeUUpQoSwFLAksDhpRoGIlDMAAAAAAAAAAACgAAAAAAAAAUAAAAAAAAAAEAAAAAAAAAHgAAAAAA"
        "AAAoAAAAAAAAAJR0lGJ1fZQoaANoBGgFjAhpbWczLnBuZ5SHlGgIaAtoDksAhZRoEIeUUpQoSwFLA4WUaBiJQxgD"
        "AAAAAAAAAIAAAAAAAAAAoAAAAAAAAACUdJRiaB1oC2gOSwCFlGgQh5RSlChLAUsCSwOGlGgYiUMwAAAAAAAAAAAK"
        "AAAAAAAAABQAAAAAAAAAAQAAAAAAAAAeAAAAAAAAACgAAAAAAAAAlHSUYnVlaAtoDksAhZRoEIeUUpQoSwFLA4WU"
        "aBiJQxgAAAAAAAAAAAIAAAAAAAAAAwAAAAAAAACUdJRiaAtoDksAhZRoEIeUUpQoSwFLAYWUaBiJQwgBAAAAAAAA"
        "AJR0lGJHP+gAAAAAAABlLg=="
    ),
    "protocol 5, one string an image, scalars": (
        "gAWV3gIAAAAAAABdlChdlCh9lCiMBWltYWdllIwXbGFiZWxlZC1kYXRhXHZcaW1nMC5wbmeUjARzaXpllIwSbnVt"
        "cHkuY29yZS5udW1lcmljlIwLX2Zyb21idWZmZXKUk5QolhgAAAAAAAAAAwAAAAAAAACAAAAAAAAAAKAAAAAAAAAA"
        "lIwFbnVtcHmUjAVkdHlwZZSTlIwCaTiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYksDhZSMAUOUdJRS"
        "lIwGam9pbnRzlGgIKJYwAAAAAAAAAAAAAAAAAAAACgAAAAAAAAAUAAAAAAAAAAEAAAAAAAAAHgAAAAAAAAAoAAAA"
        "AAAAAJRoD0sCSwOGlGgTdJRSlHV9lChoA4wXbGFiZWxlZC1kYXRhXHZcaW1nMi5wbmeUaAVoCCiWGAAAAAAAAAAD"
        "AAAAAAAAAIAAAAAAAAAAoAAAAAAAAACUaA9LA4WUaBN0lFKUaBZoCCiWMAAAAAAAAAAAAAAAAAAAAAoAAAAAAAAA"
        "FAAAAAAAAAABAAAAAAAAAB4AAAAAAAAAKAAAAAAAAACUaA9LAksDhpRoE3SUUpR1fZQoaAOMF2xhYmVsZWQtZGF0"
        "YVx2XGltZzMucG5nlGgFaAgolhgAAAAAAAAAAwAAAAAAAACAAAAAAAAAAKAAAAAAAAAAlGgPSwOFlGgTdJRSlGgW"
        "aAgoljAAAAAAAAAAAAAAAAAAAAAKAAAAAAAAABQAAAAAAAAAAQAAAAAAAAAeAAAAAAAAACgAAAAAAAAAlGgPSwJL"
        "A4aUaBN0lFKUdWVdlCiMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMBnNjYWxhcpSTlGgPQwgAAAAAAAAAAJSGlFKU"
        "aDJoDIwCaTSUiYiHlFKUKEsDaBBOTk5K/////0r/////SwB0lGJDBAIAAACUhpRSlEsDZV2UaDJoD0MIAQAAAAAA"
        "AACUhpRSlGFHP+gAAAAAAABlLg=="
    ),
}


def frame(image: object) -> dict[str, object]:
    joints = np.array([[0, 10, 20], [1, 30, 40]])
    return {"image": image, "size": np.array([3, 128, 160]), "joints": {0: joints}}


def document(
    images: Sequence[str] = IMAGES,
    train: Sequence[int] = TRAIN_ROWS,
    test: Sequence[int] = TEST_ROWS,
    unlabelled: Sequence[int] = (),
) -> list[Any]:
    """What DeepLabCut pickles for a split of a table with these rows."""
    frames = [frame(tuple(images[row].split("/"))) for row in train if row not in unlabelled]
    return [frames, np.array(train), np.array(test), 0.8]


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "document"
    is_pickled = isinstance(content, bytes)
    path.write_bytes(content if is_pickled else pickle.dumps(content))  # type: ignore[arg-type]
    return path


# --- reading


@pytest.mark.parametrize("name", NUMPY_1)
def test_reads_what_numpy_1_wrote(tmp_path: Path, name: str) -> None:
    found = read_document(written(tmp_path, base64.b64decode(NUMPY_1[name])))
    assert found.frames == tuple(f"labeled-data/v/img{n}.png" for n in (0, 2, 3))
    assert (found.train, found.test) == ((0, 2, 3), (1,))


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("kind", ["<i8", ">i4", "u2", "list", "scalars"])
def test_reads_what_numpy_2_writes(tmp_path: Path, protocol: int, kind: str) -> None:
    value = document()
    make: dict[str, Callable[[Any], Any]] = {"list": lambda a: a.tolist(), "scalars": list}
    value[1:3] = [make.get(kind, lambda a: a.astype(kind))(array) for array in value[1:3]]
    found = read_document(written(tmp_path, pickle.dumps(value, protocol)))
    assert (found.train, found.test) == (TRAIN_ROWS, TEST_ROWS)
    assert found.frames[0] == IMAGES[0]


def test_padding_is_no_frame(tmp_path: Path) -> None:
    found = read_document(written(tmp_path, [*document()[:1], [*TRAIN_ROWS, -1], [3], 0.8]))
    assert found.train == TRAIN_ROWS


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [[], [0], [1]],
        [[], [0, 1], [1], 0.5],
        [[], [], [1], 0.5],
        [[], [0, -7], [1], 0.5],
        [[], [0.5], [1], 0.5],
        [[], [True], [False], 0.5],
        [[], np.array([0.0]), np.array([1.0]), 0.5],
        [[], np.array(["0"]), np.array([1]), 0.5],
        [[], np.array([{}], dtype=object), np.array([1]), 0.5],
        [[{"image": 7}], [0], [1], 0.5],
        [[{"image": ("a", "b", "c", "d")}], [0], [1], 0.5],
        [[{"image": "x" * 1000}], [0], [1], 0.5],
        [[frame("a"), frame("b")], [0], [1], 0.5],
        [[], range(2), [1], 0.5],
        [[], [0], [2**70], 0.5],
    ],
)
def test_refuses_what_is_no_split(tmp_path: Path, value: object) -> None:
    with pytest.raises(UnfitSplitError):
        read_document(written(tmp_path, value))


# --- nothing of it runs


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def touch(canary: Path) -> str:
    return f"touch {canary}"


def argument(text: str) -> bytes:
    """An argument and the call, in protocol 0."""
    return f"(S{text!r}\ntR.".encode()


def code(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


def array_of_calls(canary: Path) -> np.ndarray:
    array = np.empty(1, dtype=object)
    array[0] = Calls(os.system, touch(canary))
    return array


def saved_array(canary: Path) -> str:
    np.save(canary.with_suffix(".npy"), array_of_calls(canary), allow_pickle=True)
    return str(canary.with_suffix(".npy"))


#: Pickles that make the canary sing when they are loaded.
TRAPS: dict[str, Callable[[Path], bytes]] = {
    "os.system": lambda c: b"cos\nsystem\n" + argument(touch(c)),
    "subprocess": lambda c: pickle.dumps(Calls(subprocess.getoutput, touch(c))),
    "eval": lambda c: pickle.dumps(Calls(eval, code(c))),
    "exec": lambda c: pickle.dumps(Calls(exec, code(c)), 2),
    "dotted name": lambda c: b"\x80\x04\x8c\x02os\x8c\x0epath.os.system\x93" + argument(touch(c)),
    "getattr": lambda c: (
        b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR" + argument(touch(c))
    ),
    "INST": lambda c: f"(S{touch(c)!r}\nios\nsystem\n.".encode(),
    "OBJ": lambda c: f"(cos\nsystem\nS{touch(c)!r}\no.".encode(),
    "object array": lambda c: pickle.dumps([[], array_of_calls(c), [1], 0.5]),
    "object array 2": lambda c: pickle.dumps([[], array_of_calls(c), [1], 0.5], 2),
    "numpy.load": lambda c: pickle.dumps(Calls(np.load, saved_array(c), None, True)),
    "runstring": lambda c: (
        b"cnumpy.testing._private.utils\nrunstring\n(S" + f"{code(c)!r}\n(dtR.".encode()
    ),
    "image": lambda c: pickle.dumps([[{"image": Calls(os.system, touch(c))}], [0], [1], 0.5]),
    "fraction": lambda c: pickle.dumps([*document()[:3], Calls(os.system, touch(c))]),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_does_not_spring(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    trap = TRAPS[name](canary)
    with pytest.raises(UnfitSplitError, match="it names "):
        read_document(written(tmp_path, trap))
    assert not canary.exists()
    pickle.loads(trap)
    assert canary.exists(), "the trap is no trap"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x04\x82\x01.",  # EXT1: an extension of copyreg
        b"\x80\x04\x8c\x01xQ.",  # BINPERSID: a persistent id
        b"\x80\x05\x97.",  # NEXT_BUFFER: an out-of-band buffer
        b"cnumpy\nndarray\n(I1\ntR.",  # an array by its constructor
        b"cnumpy\ndtype\n)R}S'__class__'\nNsb.",  # attributes set on a stand-in
        b"cnumpy\ndtype\n(NcNumpy\nx\ntb.",
        b"ccopyreg\n_reconstructor\n(cnumpy\nndarray\ncbuiltins\nobject\nNtR.",
    ],
)
def test_refuses_other_ways(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnfitSplitError):
        read_document(written(tmp_path, content))


HUGE = (2**40).to_bytes(8, "little")
#: Small or large, all of them take all memory of a plain reader, crash it, or never end.
BOMBS: dict[str, Callable[[], bytes]] = {
    "bytes of a terabyte": lambda: b"\x80\x05\x96" + HUGE + b".",
    "memo of 32 GB": lambda: b"\x80\x04Nr\xff\xff\xff\xff.",
    "dictionaries of 1.5 GB": lambda: b"\x80\x04(" + b"}" * 20_000_000 + b"l.",
    "tuple deeper than the stack": lambda: b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns.",
    "array of a terabyte": lambda: pickle.dumps(
        [[], Calls(np.zeros(0).__reduce_ex__(5)[0], b"", np.dtype("i8"), (2**40,), "C"), [1], 0.5]
    ),
    "longer than is read": lambda: b"\x80\x04" + b"N0" * (split_document.MAX_BYTES // 2) + b"N.",
}


#: Starts the reader from a small process: the kernel counts the memory of whoever starts it, too.
MEASURE = """
import resource, subprocess, sys
subprocess.run([sys.argv[1], "-I", "-S", sys.argv[2]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little_memory(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, BOMBS[name]())
    with pytest.raises(UnfitSplitError):
        read_document(path)
    command = [sys.executable, "-I", "-S", "-c", MEASURE, sys.executable, split_document.__file__]
    with path.open("rb") as content:
        measured = subprocess.run(command, stdin=content, capture_output=True, check=True, env={})
    assert int(measured.stdout) * 1024 <= split_document.MAX_MEMORY


def test_a_bomb_takes_little_time(tmp_path: Path) -> None:
    """Its hash is that of 2**60 tuples: without a limit it would take centuries."""
    with pytest.raises(UnfitSplitError, match="takes too"):
        read_document(written(tmp_path, b"\x80\x04})" + b"2\x86" * 60 + b"Ns."))


def test_any_bytes_end_as_a_split_or_a_refusal(tmp_path: Path) -> None:
    chance, whole = random.Random(1), pickle.dumps(document())
    read = 0
    for _ in range(60):
        mutant = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 20))):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        try:
            found = read_document(written(tmp_path, bytes(mutant)))
        except UnfitSplitError:
            continue
        read += 1
        assert not set(found.train) & set(found.test)
    assert 0 < read < 60


# --- where it lies


def test_lies_where_deeplabcut_does_not_look() -> None:
    path = f"{DATASET}/Documentation_data-walk_80shuffle1.pickle"
    assert is_taken(PurePosixPath(path))
    place = PurePosixPath(place_of(path))
    assert place.parts[0] == HOME_SPLITS
    assert ".pickle" not in place.name  # DeepLabCut matches the beginning of a name only
    assert not is_taken(place), "an upload could put a file there itself"
    for other in ("config.yaml", f"{DATASET}/metadata.yaml", "labeled-data/v/img.png"):
        assert place_of(other) == other


@pytest.mark.parametrize(
    "path",
    [
        f"{DATASET}/CollectedData_drawn.h5",
        f"{DATASET}/walk_drawn80shuffle1.mat",
        f"{DATASET}/walk_drawn80shuffle1.pickle",
        f"{DATASET}/deeper/Documentation_data-walk_80shuffle1.pickle",
        "labeled-data/v/Documentation_data-walk_80shuffle1.pickle",
        "training-datasets/Documentation_data-walk_80shuffle1.pickle",
    ],
)
def test_no_other_pickle_is_taken(path: str) -> None:
    assert not is_taken(PurePosixPath(path))


# --- what becomes of it


@dataclass
class Home:
    """A project with a split that was made at home."""

    project: Path
    notes: list[str] = field(default_factory=list)

    def put(self, value: object, table: Sequence[str] = (), name: str = "walk_80shuffle1") -> Home:
        folder = self.project / place_of(f"{DATASET}/Documentation_data-{name}.pickle")
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_bytes(value if isinstance(value, bytes) else pickle.dumps(value))
        if table:
            rows = ["scorer,,,drawn", "coords,,,x", *(f"{i.replace('/', ',')},1.5" for i in table)]
            (folder.parent / "CollectedData_drawn.csv").write_text("\n".join(rows))
        return self

    @property
    def splits(self) -> HomeSplits:
        return HomeSplits(self.project, "walk", "Jan1", "drawn", 0)

    def take(self, images: Sequence[str] = IMAGES, seed: int = 0) -> Split:
        split = self.splits.take(1, 0.8, images, seed, self.notes)
        assert split, self.notes
        return split

    def refusal(self, images: Sequence[str] = IMAGES) -> str:
        assert self.splits.take(1, 0.8, images, 0, self.notes) is None
        (note,) = self.notes
        return note


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def on(images: Sequence[str], rows: Sequence[int]) -> set[str]:
    return {images[row] for row in rows}


TRAIN, TEST = on(IMAGES, TRAIN_ROWS), on(IMAGES, TEST_ROWS)


def test_is_taken_over(home: Home) -> None:
    split = home.put(document()).take()
    assert (split.train, split.test, split.method) == (TRAIN_ROWS, TEST_ROWS, "home")
    assert f"{DATASET}/Documentation_data-walk_80shuffle1.pickle" in split.note
    assert "16 frames to train on, 4 to score." in split.note
    assert home.notes == []


@pytest.mark.parametrize("with_table", [True, False])
def test_another_order_of_rows_does_no_harm(home: Home, with_table: bool) -> None:
    old = random.Random(1).sample(IMAGES, 20)
    rows = [old.index(image) for image in (*sorted(TRAIN), *sorted(TEST))]
    home.put(document(old, rows[:16], rows[16:]), old if with_table else ())
    split = home.take()
    assert (on(IMAGES, split.train), on(IMAGES, split.test)) == (TRAIN, TEST)


def test_train_frames_without_a_label_are_known_by_the_table(home: Home) -> None:
    split = home.put(document(unlabelled=(7, 19)), IMAGES).take()
    assert (split.train, split.test) == (TRAIN_ROWS, TEST_ROWS)
    assert home.put(document(unlabelled=(7, 19))).take() == split  # and by their places


def test_frames_that_are_gone(home: Home) -> None:
    now = [image for image in IMAGES if image not in (IMAGES[0], IMAGES[3])]
    split = home.put(document(), IMAGES).take(now)
    assert on(now, split.train) == TRAIN - {IMAGES[0]}
    assert on(now, split.test) == TEST - {IMAGES[3]}
    assert "2 of its frames are not there any more" in split.note


def test_new_frames_are_drawn_and_the_others_stay(home: Home) -> None:
    now = sorted(
        [*IMAGES, *(f"labeled-data/v{v}/img{n}.png" for v in (0, 3) for n in range(50, 60))]
    )
    home.put(document(), IMAGES)
    split, again, other = home.take(now), home.take(now), home.take(now, seed=5)
    assert on(now, split.train) > TRAIN
    assert on(now, split.test) > TEST
    assert len(split.train) + len(split.test) == 40
    assert len(split.test) == 8
    assert split == again
    assert split.test != other.test
    assert "20 new frames: 4 drawn to score" in split.note


def test_without_the_table_nobody_can_tell_what_is_gone(home: Home) -> None:
    note = home.put(document()).refusal(IMAGES[1:])
    assert "frames were added, removed or renamed" in note
    assert DATASET in note


def test_frames_left_out_at_home_stay_left_out(home: Home) -> None:
    value = document(train=TRAIN_ROWS[:-2])
    split = home.put(value, IMAGES).take()
    assert (split.train, split.test) == (TRAIN_ROWS[:-2], TEST_ROWS)
    assert "Left out, as at home: 2 frames on neither of its sides" in split.note


def test_frames_on_no_side_are_new_where_no_table_tells(home: Home) -> None:
    split = home.put(document(train=TRAIN_ROWS[:-2])).take()
    assert len(split.train) + len(split.test) == 20
    assert set(TEST_ROWS) <= set(split.test)


def test_a_table_of_another_time_is_not_believed(home: Home) -> None:
    split = home.put(document(), [*IMAGES[1:], "labeled-data/v9/img000.png"]).take()
    assert (split.train, split.test) == (TRAIN_ROWS, TEST_ROWS)


def test_a_table_that_cannot_be_read_is_none(home: Home) -> None:
    home.put(document(), IMAGES)
    (table,) = home.project.rglob("*.csv")
    table.write_bytes(b"labeled-data,v0,\xff\xfe\n")
    assert home.take().test == TEST_ROWS


def test_a_side_that_is_gone(home: Home) -> None:
    now = [image for image in IMAGES if image not in TEST]
    assert "none of the frames on one of its sides" in home.put(document(), IMAGES).refusal(now)


def test_a_hostile_one_is_a_note_that_is_safe_to_show(home: Home) -> None:
    note = home.put(b"cos\x1b[31m\nsystem\n(S'true'\ntR.").refusal()
    assert "it names os?[31m.system" in note
    assert note.isprintable()


def test_is_that_of_the_shuffle(home: Home) -> None:
    home.put(document()).put(document(), name="walk_95shuffle12").put(
        document(), name="x_1shuffle1"
    )
    assert home.splits.percents(1) == [80]
    assert home.splits.percents(12) == [95]
    assert home.splits.percents(2) == []
    assert home.splits.take(2, 0.8, IMAGES, 0, home.notes) is None
    assert home.splits.take(1, 0.95, IMAGES, 0, home.notes) is None
    assert replace(home.splits, iteration=1).take(1, 0.8, IMAGES, 0, home.notes) is None
    assert home.notes == []


def test_is_gone_before_deeplabcut_comes(home: Home) -> None:
    home.put(document(), IMAGES).splits.remove()
    assert [path for path in home.project.rglob("*") if path.is_file()] == []
    home.splits.remove()  # nor is it missed


def test_a_second_run_keeps_the_split_of_the_first(
    bench: Bench, trained: tuple[Bench, Finished], tiny_project: Path, tiny_request: Request
) -> None:
    """The lab unpacked the results over its project, and trains again by another seed."""
    first = trained[1].run_file()["split"]
    assert first["method"] == "stretch"
    project = shutil.copytree(tiny_project, bench.folder / "walk")
    with zipfile.ZipFile(trained[1].results / "tiny-model.zip") as archive:
        archive.extractall(project)
    again = replace(tiny_request, seed=8, epochs=1)
    bench.submit(bench.zip_project(project), "", again)
    done = bench.train()
    assert done.exit_code == 0, done.output
    second = done.run_file()["split"]
    assert second["method"] == "home"
    assert second["seed"] == 8
    assert (second["train"], second["test"]) == (first["train"], first["test"])
    assert second["note"] in done.outcome.notes
    images = sorted(second["train"] + second["test"])
    assert draw_split(images, 0.8, 8, 1).test != draw_split(images, 0.8, 7, 1).test
    assert not list(done.results.rglob(f"*{HOME_SPLITS}*"))
