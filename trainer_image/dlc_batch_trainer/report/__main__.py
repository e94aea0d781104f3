"""`python -m dlc_batch_trainer.report TASK`: make the report that a file asks for.

In a process of its own, without credentials: it reads the lab's images, and may fail or die
without any harm to the training.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_trainer.report import FIGURE_FOLDER, REPORT_FILE, VERDICT_FILE
from dlc_batch_trainer.report.drawing import Drawn
from dlc_batch_trainer.report.facts import facts_of
from dlc_batch_trainer.report.figures import (
    draw_body_parts,
    draw_confidence,
    draw_curve,
    draw_errors,
)
from dlc_batch_trainer.report.grade import far_px
from dlc_batch_trainer.report.material import Material, gather
from dlc_batch_trainer.report.page import write_page
from dlc_batch_trainer.report.pictures import draw_frames
from dlc_batch_trainer.report.task import Task
from dlc_batch_trainer.report.verdict import judge


def main(arguments: Sequence[str] | None = None) -> None:
    """Make report.html, and the figures and verdict.json beside it."""
    (path,) = arguments or sys.argv[1:]
    make_report(Task.from_json(Path(path).read_text(encoding="utf-8")))


def make_report(task: Task) -> None:
    """Make them in the folder that the task names; the page comes last, and whole."""
    material = gather(task)
    figures = draw_figures(material)
    pictures = draw_frames(material.project, material.worst)
    folder = task.folder / FIGURE_FOLDER
    folder.mkdir(exist_ok=True)
    for figure in figures.values():
        (folder / f"{figure.name}.png").write_bytes(figure.png)
    for number, picture in enumerate(pictures, 1):
        (folder / f"worst-{number:02}.jpg").write_bytes(picture.jpeg)
    verdict = judge(facts_of(material))
    known = {"grade": verdict.grade, "headline": verdict.headline}
    text = json.dumps({"schema_version": SCHEMA_VERSION, **known}, indent=1)
    (task.folder / VERDICT_FILE).write_text(f"{text}\n", encoding="utf-8")
    draft = task.folder / f"{REPORT_FILE}.part"
    draft.write_text(write_page(material, figures, pictures), encoding="utf-8")
    draft.replace(task.folder / REPORT_FILE)


def draw_figures(material: Material) -> dict[str, Drawn]:
    """Return the figures for which there is anything to draw, by name."""
    facts = facts_of(material)
    parts = (material.evaluation or {}).get("body_parts", {})
    errors = [error for point in facts.points if (error := point.error_px) is not None]
    drawn = map(
        _drawn,
        (
            lambda: draw_curve(material.curve),
            lambda: draw_body_parts(parts, facts.test_px),
            lambda: draw_errors(errors),
            lambda: draw_confidence(facts.points, facts.pcutoff, far_px(facts)),
        ),
    )
    return {each.name: each for each in drawn if each is not None}


def _drawn(figure: Callable[[], Drawn | None]) -> Drawn | None:
    """Draw a figure; one that can't be drawn costs itself only, and the log tells why."""
    try:
        return figure()
    except Exception:
        traceback.print_exc()
        return None


if __name__ == "__main__":
    main()
