"""The tag of the trainer's image: equal sources have one, and any change makes another."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "functions" / "image"))
from image_sources import PLACES, image_tag, read_sources, zipped  # noqa: E402

sys.path.pop(0)


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    """A file or a folder for each source."""
    for place in PLACES.values():
        path = tmp_path / place
        if not path.suffix and place != "Dockerfile":
            path = path / "deeper" / "module.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place)
    return tmp_path


def test_equal_sources_have_one_tag_and_one_zip(layers: Path) -> None:
    first = read_sources(layers)
    second = dict(reversed(read_sources(layers).items()))
    assert image_tag(first, "pytorch", "") == image_tag(second, "pytorch", "")
    assert zipped(first) == zipped(second)


@pytest.mark.parametrize("source", PLACES)
def test_a_change_of_any_source_makes_another_tag(layers: Path, source: str) -> None:
    before = image_tag(read_sources(layers), "pytorch", "")
    path = layers / PLACES[source]
    path = path / "deeper" / "module.py" if path.is_dir() else path
    path.write_text("changed")
    changed = image_tag(read_sources(layers), "pytorch", "")
    path.rename(path.with_name("renamed.py"))
    if source.endswith(("core", "trainer")):
        assert image_tag(read_sources(layers), "pytorch", "") not in (before, changed)
    assert changed != before


def test_an_image_is_also_its_engine_and_its_networks(layers: Path) -> None:
    files = read_sources(layers)
    chosen = [("pytorch", ""), ("tensorflow", ""), ("pytorch", "resnet_50")]
    tags = [image_tag(files, *each) for each in chosen]
    assert len(set(tags)) == 3
    assert [tag.rpartition("-")[0] for tag in tags] == ["pytorch", "tensorflow", "pytorch"]


def test_compiled_modules_are_no_sources(layers: Path) -> None:
    before = read_sources(layers)
    cache = layers / "dlc_batch_trainer" / "__pycache__"
    cache.mkdir()
    (cache / "module.pyc").write_bytes(b"compiled")
    assert read_sources(layers) == before


def test_a_source_that_is_missing_is_told(layers: Path) -> None:
    (layers / "trainer-tensorflow.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"trainer-tensorflow\.txt"):
        read_sources(layers)
