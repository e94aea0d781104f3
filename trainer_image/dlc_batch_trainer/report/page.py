"""The page of a report: everything that is known, put into the template."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dlc_batch_core.words import counted, listed
from dlc_batch_trainer.evaluation.points import ScoredFrame
from dlc_batch_trainer.report import tables
from dlc_batch_trainer.report.cost import add_up
from dlc_batch_trainer.report.drawing import Drawn
from dlc_batch_trainer.report.facts import facts_of
from dlc_batch_trainer.report.grade import far_px, has_learned, wrong_points
from dlc_batch_trainer.report.material import Material
from dlc_batch_trainer.report.next_frames import Advice, advise
from dlc_batch_trainer.report.pictures import Picture
from dlc_batch_trainer.report.space import read_space
from dlc_batch_trainer.report.verdict import judge

_HERE = Path(__file__).parent
_ENGINES = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}
#: Points named below a frame; the table of all is a file.
_MOST_NAMED = 3
_SECTIONS = {
    "verdict": "Verdict",
    "scores": "Scores",
    "learning": "Learning",
    "body-parts": "Body parts",
    "errors": "Errors",
    "space": "Poses in space",
    "worst": "Worst test frames",
    "next": "What to label next",
    "split": "Split",
    "notes": "Notes",
    "cost": "Time and cost",
    "record": "Record",
}


def write_page(
    material: Material, figures: Mapping[str, Drawn], pictures: Iterable[Picture]
) -> str:
    """Return the page as HTML.

    Args:
        figures: by name; those that could be drawn.
        pictures: of the worst frames.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = _values(material, figures, list(pictures))
    html = environment.get_template("page.html.j2").render(**values)
    return html.encode("utf-8", "replace").decode()  # a name may hold half a character


def _values(
    material: Material, figures: Mapping[str, Drawn], pictures: list[Picture]
) -> dict[str, Any]:
    run, facts = material.run, facts_of(material)
    wrong_px = far_px(facts)
    advice, bill = _advice(material), add_up(run)
    space = read_space(material.folder, run["metrics"].get("test_rmse_px"))
    errors = [e for point in facts.points if (e := point.error_px) is not None]
    values: dict[str, Any] = {
        "css": Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704  # our own
        "title": f"Report of {run['run_id']}, shuffle {run['shuffle']}",
        "run": run,
        "engine": _ENGINES[run["engine"]],
        "unit": run["snapshot"]["unit"],
        "verdict": judge(facts),
        "scores": tables.scores(run["metrics"], _sure_counts(material)),
        "more_scores": tables.more_scores(run["metrics"]),
        "figures": {name: _Markup(each) for name, each in figures.items()} | _absent(figures),
        "length": _length(run["snapshot"]),
        "curve_rows": tables.curve(material.curve),
        "body_parts": tables.body_parts((material.evaluation or {}).get("body_parts", {})),
        "quantiles": tables.quantiles(errors),
        "confidences": tables.confidences(facts.points, wrong_px),
        "sure_and_wrong": tables.sure_and_wrong(material.frames, wrong_points(facts)),
        "space": space,
        "has_learned": has_learned(facts),
        "doubtful": tables.doubtful(material.doubtful) if has_learned(facts) else [],
        "pictures": [_shown(each) for each in pictures],
        "advice": advice,
        "next_rows": _next_rows(advice),
        "no_advice": _no_advice(material),
        "split_rows": tables.split(run["split"]),
        "notes": [note for note in material.notes if note != run["split"]["note"]],
        "warned": run.get("warned", ()),
        "bill": bill,
        "stage_rows": tables.stages(bill),
        "attempt_rows": tables.attempts(bill),
        "methods": [_methods(material.methods), *([_methods(space.methods)] if space else [])],
        "record_rows": tables.record(run),
    }
    there = {"body-parts": values["body_parts"], "errors": figures.keys() & _OF_ERRORS}
    there |= {"worst": pictures, "space": values["space"]}
    sections = [(id_, name) for id_, name in _SECTIONS.items() if there.get(id_, True)]
    return {**values, "sections": sections}


def _sure_counts(material: Material) -> dict[str, int]:
    """How many points are above pcutoff, by side of the split, where that is known."""
    evaluation = material.evaluation or {}
    # of several animals the training error is DeepLabCut's, which leaves some points out
    is_several = "test_rmse_deeplabcut_px" in material.run["metrics"]
    found = {side: evaluation.get(side) for side in ("test", *([] if is_several else ["train"]))}
    return {side: each["points_pcutoff"] for side, each in found.items() if each}


_OF_ERRORS = {"errors", "confidence"}


class _Markup:
    """A figure whose SVG is put into the page as it is."""

    def __init__(self, drawn: Drawn) -> None:
        self.svg = Markup(drawn.svg)  # noqa: S704  # matplotlib escapes what is written in it
        self.name, self.alt, self.caption = drawn.name, drawn.alt, drawn.caption


def _absent(figures: Mapping[str, Drawn]) -> dict[str, None]:
    names = ("learning", "body-parts", "errors", "confidence")
    return {name: None for name in names if name not in figures}


def _length(snapshot: Mapping[str, Any]) -> str:
    unit = snapshot["unit"]
    best = snapshot["best"]
    why = "the one with the least error on the validation frames" if best else "the last one"
    return (
        f"Trained for {counted(snapshot['done'], unit)} of {snapshot['total']}; the snapshot taken"
        f" is {why}, after {counted(snapshot['trained'], unit)}."
    )


def _shown(picture: Picture) -> dict[str, Any]:
    return {
        "base64": base64.b64encode(picture.jpeg).decode(),
        "width": picture.width,
        "height": picture.height,
        "alt": picture.alt,
        "image": picture.frame.image,
        "words": _words(picture.frame),
    }


def _words(frame: ScoredFrame) -> str:
    far = sorted(
        (p for p in frame.points if p.error_px is not None), key=lambda p: -(p.error_px or 0.0)
    )
    named = [
        f"{tables.name_of(p)} {p.error_px:.1f} px"
        + (f" (confidence {p.confidence:.2f})" if p.confidence is not None else "")
        for p in far[:_MOST_NAMED]
    ]
    missed = len(frame.points) - len(far)
    if frame.error_px is None:
        return f"Nothing was found of {counted(len(frame.points), 'labelled points')}."
    return f"Mean {frame.error_px:.1f} px. Farthest: {'; '.join(named)}." + (
        f" Not found: {missed} of {len(frame.points)}." if missed else ""
    )


def _methods(text: str) -> list[str]:
    """The paragraph of methods.txt, then its references."""
    paragraph, _, references = text.partition("\n\n")
    return [paragraph, *references.splitlines()[1:]] if paragraph.strip() else []


def _advice(material: Material) -> Advice:
    run = material.run
    return advise(
        material.config, run["shuffle"], run["split"], material.doubtful, material.uncertain
    )


def _next_rows(advice: Advice) -> list[tables.Row]:
    return [
        [each.video, ", ".join(map(str, each.frames)), f"{each.why}"] for each in advice.videos
    ]


def _no_advice(material: Material) -> str:
    if material.worst:
        names = listed((frame.image for frame in material.worst), 3)
        return (
            f"Look at the worst test frames ({names}), and label frames like them in other videos."
            " Where videos are analysed after a training (analyze_videos in dlc-batch.yaml), the"
            " frames of which the network is least sure stand here."
        )
    return (
        "Nothing can be said from test frames. Where videos are analysed after a training"
        " (analyze_videos in dlc-batch.yaml), the frames of which the network is least sure stand"
        " here."
    )
