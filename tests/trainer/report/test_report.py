"""Reports of all kinds of trainings, as files."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from tests.trainer.report.results import MadeUp
from tests.trainer.three_d.made_up import SCORER, write_tables
from tests.trainer.three_d.made_up import task as space_task

from dlc_batch_trainer.report.__main__ import draw_figures, make_report
from dlc_batch_trainer.report.material import gather
from dlc_batch_trainer.three_d.__main__ import do

HOSTILE = "<script>alert('$x$')</script>&\"'{{ 7*7 }}"
VOID = {"meta", "link", "img", "br", "use", "path", "rect", "circle", "line", "hr"}


class Reader(HTMLParser):
    """Reads a page, and holds it to its form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def report(tmp_path: Path) -> Callable[[MadeUp], Reader]:
    """Makes a report and reads it."""

    def make(training: MadeUp) -> Reader:
        task = training.write(tmp_path)
        make_report(task)
        return Reader((task.folder / "report.html").read_text(encoding="utf-8"))

    return make


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reader, Path]:
    """A report and the folder that it lies in. Not to be changed."""
    task = MadeUp().write(tmp_path_factory.mktemp("plain"))
    make_report(task)
    return Reader((task.folder / "report.html").read_text(encoding="utf-8")), task.folder


def test_all_of_it(plain: tuple[Reader, Path]) -> None:
    page, folder = plain
    text = " ".join(page.text.split())
    assert "Good: a small error on frames that it did not train on." in text
    for words in (
        "Errors and frames",
        "leftear",
        "video2 holds no labels and was left out.",
        "Split: whole videos were drawn to score the network.",
        "About 0.83 $",
        "Poses were estimated with DeepLabCut 3.0.2",
        "outlieralgorithm=",
        "videos/walk-2.avi",
    ):
        assert words in text, words
    assert len(page.named("img")) == 10
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"learning.png", "body-parts.png", "errors.png", "confidence.png"} <= figures
    assert {f"worst-{n:02}.jpg" for n in range(1, 11)} <= figures
    assert not list(folder.rglob("*.part"))


def test_it_needs_nothing_but_itself(plain: tuple[Reader, Path]) -> None:
    page, _ = plain
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "base"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href"):
                assert (value or "").startswith(("#", "data:")), (tag, value)
    (policy,) = (each for each in page.named("meta") if "http-equiv" in each)
    assert "default-src 'none'" in (policy["content"] or "")


def test_each_name_on_the_page_is_given_once(plain: tuple[Reader, Path]) -> None:
    page, _ = plain
    ids = [each["id"] for _, each in page.tags if "id" in each]
    assert len(ids) == len(set(ids))
    links = [value for _, each in page.tags if (value := each.get("href") or "").startswith("#")]
    assert {link[1:] for link in links} <= set(ids)


def test_a_reader_of_its_own_finds_its_way(plain: tuple[Reader, Path]) -> None:
    page, _ = plain
    assert page.named("html")[0]["lang"] == "en"
    assert all((image["alt"] or "").startswith("Test frame") for image in page.named("img"))
    heads = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert heads[0] == "h1"
    assert all(int(b[1]) - int(a[1]) <= 1 for a, b in itertools.pairwise(heads))
    assert len(page.named("caption")) == len(page.named("table"))
    roles = [each for each in page.named("div") if each.get("role") == "img"]
    assert len(roles) == 4
    assert all(each.get("aria-label") for each in roles)


@pytest.mark.parametrize(
    "training",
    [
        MadeUp(
            body_parts=(HOSTILE, "b\n$\\frac"),
            notes=(f"{HOSTILE} was left out.", "half a letter: \ud800"),
            individuals=(HOSTILE, "two"),
        ),
        MadeUp(videos=("a&b 'c' <img src=x onerror=alert(1)>", "$2^")),
    ],
)
def test_hostile_names_are_only_names(
    report: Callable[[MadeUp], Reader], training: MadeUp
) -> None:
    page = report(training)
    assert not page.named("script")
    assert all(each["src"].startswith("data:") for each in page.named("img") if each["src"])
    assert not any(name.startswith("on") for _, each in page.tags for name in each)
    if training.notes[0].startswith(HOSTILE):
        assert HOSTILE in page.text  # as written, and not worked out
        assert "$\\frac" in page.text


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (MadeUp(is_evaluated=False), "Not scored"),
        (MadeUp(frames=0), "no test frames"),
        (MadeUp(missed=1.0), "found nothing"),
        (MadeUp(missed=0.3), "Nothing was found for"),
        (MadeUp(frames=1), "only 1 test frame"),
        (MadeUp(error=0.0), "off by 0.0 px"),
        (MadeUp(error=90.0), "Poor"),
        (MadeUp(body_parts=("nose",)), "the frame's diagonal"),
        (MadeUp(engine="tensorflow"), "iterations"),
        (MadeUp(individuals=("one", "two", "three")), "three snout"),
        (MadeUp(is_chosen=False), "last snapshot"),
        (MadeUp(own="shuffle1/"), "Good"),
        (MadeUp(place={}), "none of AWS's"),
        (MadeUp(warnings=("walk-1, row 7: leftear is right.",)), "row 7: leftear is right."),
        (MadeUp(body_parts=tuple(f"part {n}" for n in range(80))), "part 79"),
    ],
)
def test_every_kind_of_training_has_one(
    report: Callable[[MadeUp], Reader], training: MadeUp, words: str
) -> None:
    page = report(training)
    assert words in " ".join(page.text.split())
    assert "nan" not in re.findall(r"\w+", page.text.lower())


def test_what_is_not_known_of_an_older_training_is_left_out(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    path = task.folder / "run.json"
    known = json.loads(path.read_text())
    del known["warned"]
    path.write_text(json.dumps(known))
    make_report(task)
    assert "What the check warned of" not in (task.folder / "report.html").read_text()


def test_notes_and_frames_of_videos_come_later(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    later = replace(task, notes=("Analysis of x failed.",), uncertain={"videos/new.mp4": (7, 3)})
    path = tmp_path / "task.json"
    path.write_text(later.to_json())
    run(path)
    text = (task.folder / "report.html").read_text()
    assert "Analysis of x failed." in text
    assert "videos/new.mp4" in text
    assert "3, 7" in text


def run(task: Path) -> None:
    root = Path(__file__).parents[3]
    paths = [root / "core", root / "trainer_image"]
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "dlc_batch_trainer.report", str(task)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, paths))},
        check=True,
        timeout=120,
    )


def test_frames_that_can_not_be_read_are_left_out(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    for image in (tmp_path / "project").rglob("*.png"):
        image.write_bytes(b"no image")
    make_report(task)
    page = Reader((task.folder / "report.html").read_text())
    assert not page.named("img")


def test_deep_shades_of_grey_are_seen(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    deep = Image.new("I;16", (160, 128), 30_000)
    deep.putpixel((0, 0), 29_000)
    for image in (tmp_path / "project").rglob("*.png"):
        deep.save(image)
    make_report(task)
    drawn = Image.open(io.BytesIO((task.folder / "figures/worst-01.jpg").read_bytes()))
    assert drawn.getpixel((500, 400))[0] > 200  # type: ignore[index]


def test_a_second_report_takes_the_place_of_the_first(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    make_report(task)
    first = (task.folder / "report.html").read_bytes()
    make_report(task)
    assert (task.folder / "report.html").read_bytes() == first


def test_points_that_were_sure_and_wrong_and_labels_to_look_at(
    report: Callable[[MadeUp], Reader],
) -> None:
    page = report(MadeUp(error=8.0, missed=0.1))
    text = " ".join(page.text.split())
    assert "Sure and wrong: the farthest" in text
    assert "Training frames with the largest error" in text


def test_what_has_not_learned_is_not_a_matter_of_labels(
    report: Callable[[MadeUp], Reader],
) -> None:
    text = " ".join(report(MadeUp(error=90.0, weights="random")).text.split())
    assert "It has not learned: on the frames that it trained on it is off by 72.0 px" in text
    assert "It began from random weights" in text
    assert "First train it longer" in text
    assert "First look at the labels" not in text
    assert "A label at the wrong place is a common cause" not in text


def test_the_error_above_pcutoff_says_of_how_many_points(
    report: Callable[[MadeUp], Reader], tmp_path: Path
) -> None:
    page = report(MadeUp(error=25.0))
    known = json.loads((tmp_path / "results" / "evaluation.json").read_text())
    counts = [known[side]["points_pcutoff"] for side in ("test", "train")]
    assert all(1 < n < known[s]["points"] for n, s in zip(counts, ("test", "train"), strict=True))
    row = re.search(r"error above pcutoff, px(.*?)frames", " ".join(page.text.split()))
    assert row is not None
    assert re.findall(r"of ([0-9]+) points", row[1]) == [str(count) for count in counts]


def test_a_figure_that_can_not_be_drawn_costs_itself_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = MadeUp().write(tmp_path)
    evaluation = task.folder / "evaluation.json"
    found = json.loads(evaluation.read_text())
    found["body_parts"]["snout"]["low_px"] = "wide"
    found["body_parts"]["snout"]["high_px"] = None
    evaluation.write_text(json.dumps(found))
    figures = draw_figures(gather(task))
    assert set(figures) == {"learning", "errors", "confidence"}
    assert "Traceback" in capsys.readouterr().err


def test_without_a_record_there_is_none(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    (task.folder / "run.json").unlink()
    with pytest.raises(FileNotFoundError):
        make_report(task)
    assert not (task.folder / "report.html").exists()


def test_poses_in_space_have_a_section(tmp_path: Path) -> None:
    task = MadeUp().write(tmp_path)
    recording = space_task(tmp_path, write_tables(tmp_path, frames=30))
    networks = {"camera-2": "side-0123456789ab"}
    do(replace(recording, target=str(task.folder / "3d"), networks=networks))
    cameras = [
        {"name": "camera-1", "reprojection_px": 0.2, "images": 20},
        {"name": "camera-2", "reprojection_px": 1.4, "images": 20},
    ]
    notes = ["Calibration, camera-2: Left out: a.png (3.0 px)."]
    text = json.dumps({"cameras": cameras, "notes": notes, "unit": "mm"})
    (task.folder / "3d" / "cameras.json").write_text(text)
    make_report(task)
    page = Reader((task.folder / "report.html").read_text(encoding="utf-8"))
    text = " ".join(page.text.split())
    for words in (
        "The calibration of camera-2 misses the board's corners by 1.4 px",
        "Left out: a.png (3.0 px).",
        "Points in space, and by how much the views miss them (median)",
        "With two cameras a prediction that is wrong along the line",
        "standard error, mm",
        f"The views of camera-2 were seen by the network of the run side-0123456789ab ({SCORER}).",
    ):
        assert words in text, words
    assert "The views of camera-1 were seen" not in text
    links = [each["href"] for each in page.named("a") if not (each["href"] or "").startswith("#")]
    assert links == ["3d/walk_3d.html", "3d/walk_3d.mp4"]
    assert all((task.folder / link).is_file() for link in links if link)


def test_without_cameras_there_is_no_such_section(plain: tuple[Reader, Path]) -> None:
    assert "Poses in space" not in plain[0].text
