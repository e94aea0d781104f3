"""A zip that is dropped: read in pieces, checked, and sent."""

from __future__ import annotations

import html
import json
import random
import re
import time
from collections.abc import Callable, Mapping

import pytest
from tests.client.console.running import Answer, Visitor

from dlc_batch.cloud import Cloud
from dlc_batch.console.drops import PIECE_BYTES, Drops, plain_name
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import UploadKey, run_id

Zipped = Callable[[Mapping[str, bytes]], bytes]


def drop(visitor: Visitor, content: bytes, name: str = "mouse.zip", lab: str = "miller") -> str:
    """Drop a zip as the page does; the address of its page."""
    begun = visitor.post("/drops", {"name": name, "size": str(len(content)), "lab": lab})
    assert begun.code == 200, begun.text
    told = json.loads(begun.text)
    for at in range(0, len(content), PIECE_BYTES):
        taken = piece(visitor, told["pieces"], at, content[at : at + PIECE_BYTES])
        assert taken.code == 200, taken.text
    return str(told["page"])


def piece(visitor: Visitor, pieces: str, at: int, data: bytes) -> Answer:
    own = {"Origin": visitor.origin, "Content_Type": "application/octet-stream"}
    return visitor.ask("POST", f"{pieces}?at={at}", data, **own)


def settled(visitor: Visitor, page: str) -> str:
    """What a page says once it changes no more."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = visitor.get(page, X_Live="1")
        assert answer.code == 200, answer.text
        if answer.headers["X-Live-Again"] == "0":
            return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_a_project_is_checked_then_sent_when_the_user_says_so(
    visitor: Visitor, cloud: Cloud, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    content = zipped(project_files)
    page = drop(visitor, content)
    said = settled(visitor, page)
    assert "It can be trained" in said
    assert "Send it to be trained" in said
    assert _objects(cloud) == []
    answer = visitor.post(f"{page}/send")
    assert (answer.code, answer.headers["Location"]) == (303, page)
    said = settled(visitor, page)
    assert "It is sent" in said
    key = "uploads/miller/mouse.zip"
    stored = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)
    assert stored["Body"].read() == content
    assert f"Watch {run_id(cloud.bucket, key, stored['VersionId'])}" in said
    visitor.post(f"{page}/send")  # a second click
    versions = cloud.s3.list_object_versions(Bucket=cloud.bucket, Prefix=key)["Versions"]
    assert len(versions) == 1


def test_the_same_is_sent_twice_only_when_the_user_says_so(
    visitor: Visitor, cloud: Cloud, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    content = zipped(project_files)
    for again in (False, True):
        page = drop(visitor, content, "twin.zip")
        settled(visitor, page)
        visitor.post(f"{page}/send")
        said = settled(visitor, page)
        assert ("The same project with the same request is sent already" in said) is again
    assert 'name="again" value="yes"' in visitor.get(page).text
    visitor.post(f"{page}/send", {"again": "yes"})
    assert "It is sent" in settled(visitor, page)
    prefix = "uploads/miller/twin.zip"
    versions = cloud.s3.list_object_versions(Bucket=cloud.bucket, Prefix=prefix)["Versions"]
    assert len(versions) == 2


def test_what_is_taken_over_is_said_before_it_is_sent(
    visitor: Visitor, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    folder = "mouse/dlc-models-pytorch/iteration-0/reachJan1-trainset95shuffle1/train"
    settings = b"net_type: cspnext_s\ntrain_settings: {epochs: 10}\n"
    content = zipped({**project_files, f"{folder}/pytorch_config.yaml": settings})
    assert "cspnext_s, 10 epochs" in settled(visitor, drop(visitor, content))


def test_a_large_one_comes_in_pieces(
    visitor: Visitor, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    noise = random.Random(1).randbytes(2 * PIECE_BYTES + 12345)
    content = zipped({**project_files, "mouse/notes.bin": noise})
    assert len(content) > 2 * PIECE_BYTES
    assert "It can be trained" in settled(visitor, drop(visitor, content, "large.zip"))


def test_what_can_not_be_trained_is_not_sent(
    visitor: Visitor, cloud: Cloud, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    before = _objects(cloud)
    lacking = {name: data for name, data in project_files.items() if "img01" not in name}
    page = drop(visitor, zipped(lacking), "lacking.zip")
    said = settled(visitor, page)
    assert "It can't be trained as it is" in said
    assert "img01.png" in said
    assert "Send it" not in said
    assert visitor.post(f"{page}/send").code == 400
    broken = settled(visitor, drop(visitor, b"no zip at all", "broken.zip"))
    assert "It can't be trained as it is" in broken
    assert "broken.zip" in broken  # not the name of our copy
    assert _objects(cloud) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "mouse.rar"}, "mouse.rar is no zip."),
        ({"name": ""}, "It is no zip."),
        ({"name": "/"}, "It is no zip."),
        ({"name": ".zip"}, ".zip is no zip."),
        ({"lab": "Miller Lab"}, "can't be a lab's name"),
        ({"lab": ""}, "can't be a lab's name"),
        ({"lab": "../miller"}, "can't be a lab's name"),
        ({"size": "0"}, "mouse.zip is empty."),
        ({"size": "-5"}, "mouse.zip is empty."),
        ({"size": "many"}, "mouse.zip is empty."),
        ({"size": str(1 << 60)}, "The disk has no room for mouse.zip"),
    ],
    ids=str,
)
def test_what_can_not_be_taken_is_said(visitor: Visitor, form: dict[str, str], said: str) -> None:
    answer = visitor.post("/drops", {"name": "mouse.zip", "size": "9", "lab": "miller", **form})
    assert answer.code == 400
    assert said in html.unescape(answer.text)


def test_pieces_come_in_their_order_and_none_too_many(visitor: Visitor) -> None:
    begun = visitor.post("/drops", {"name": "a.zip", "size": "10", "lab": "miller"})
    pieces = json.loads(begun.text)["pieces"]
    for at, data in ((1, b"x"), (0, b"x" * 11), (-1, b"x")):
        assert piece(visitor, pieces, at, data).code == 400
    assert json.loads(piece(visitor, pieces, 0, b"12345").text) == {"received": 5}
    assert piece(visitor, pieces, 0, b"12345").code == 400
    assert json.loads(piece(visitor, pieces, 5, b"67890").text) == {"received": 10}
    assert piece(visitor, pieces, 10, b"x").code == 400


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("mouse.zip", "mouse.zip"),
        ("C:\\fakepath\\mouse.ZIP", "mouse.ZIP"),
        ("../../etc/mouse.zip", "mouse.zip"),
        ("a/b.zip/../c.zip", "c.zip"),
    ],
)
def test_a_name_is_the_files_own(given: str, name: str) -> None:
    assert plain_name(given) == name


def test_only_some_are_kept_and_all_go_at_the_end() -> None:
    drops = Drops()
    target = UploadKey("miller", "mouse")
    made = [drops.begin(f"{n}.zip", target, 3) for n in range(6)]
    assert [each.path.exists() for each in made] == [False, False, True, True, True, True]
    with pytest.raises(LabError, match="no such zip"):
        drops.find(made[0].id)
    drops.close()
    assert not any(each.path.parent.exists() for each in made)


def _objects(cloud: Cloud) -> list[str]:
    found = cloud.s3.list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    return [each["Key"] for each in found]
