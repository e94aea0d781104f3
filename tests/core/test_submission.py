"""One upload, one job, one mail: however often it is told, wherever it crashes."""

import dataclasses
import uuid
from typing import Any

import pytest
from tests.conftest import png
from tests.mail_words import words_of

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.errors import CloudError
from dlc_batch_core.intake import Intake
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.limits import Limits
from dlc_batch_core.problems import Severity
from dlc_batch_core.request import Request
from dlc_batch_core.run import MailState, Run, Status
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.submission import Claim, Submission, Upload
from dlc_batch_core.three_d import CALIBRATION_3D


@pytest.fixture
def upload() -> Upload:
    return Upload("bucket", "uploads/miller/mouse.zip", uuid.uuid4().hex, 1)


@pytest.fixture
def good_zip(zipped: Any, project_files: dict[str, bytes]) -> bytes:
    return zipped({**project_files, "mouse/dlc-batch.yaml": b"shuffles: [2]\nepochs: 9\n"})


def submission(cloud: Any, tensorflow: Any = None) -> Submission:
    queues = {"pytorch": cloud, "tensorflow": tensorflow}
    return Submission(cloud, cloud.table, queues, cloud.publish, cloud.clock)


def test_an_upload_larger_than_the_admin_allows_is_rejected(
    upload: Upload, good_zip: bytes, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=good_zip)
    strict = dataclasses.replace(submission(cloud), limits=Limits(members=2))
    run = strict.take(upload, claim(cloud))
    assert run is not None
    assert (run.status, [p.code for p in run.problems]) == (
        Status.REJECTED,
        ["zip-too-many-members"],
    )


def test_an_engine_without_an_image_is_rejected(
    upload: Upload, zipped: Any, project_files: dict[str, bytes], new_cloud: Any
) -> None:
    asked = {**project_files, "mouse/dlc-batch.yaml": b"engine: tensorflow\n"}
    cloud = new_cloud(upload=zipped(asked))
    without = dataclasses.replace(submission(cloud), queues={"pytorch": cloud})
    run = without.take(upload, claim(cloud))
    assert run is not None
    errors = [p.code for p in run.problems if p.severity is Severity.ERROR]
    assert (run.status, errors) == (Status.REJECTED, ["engine-image"])


def claim(cloud: Any, claimant: str = "one") -> Claim:
    return Claim(claimant, cloud.now + 60)


def states(cloud: Any) -> list[str]:
    return [mail.subject.split()[1] for mail in cloud.mails]


def test_a_good_upload_is_queued_and_the_lab_hears_it(
    upload: Upload, good_zip: bytes, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=good_zip)
    submission(cloud).take(upload, claim(cloud))
    ((job_id, job),) = cloud.jobs.items()
    run = cloud.records.get("miller", job.run_id)
    assert (run.status, run.job_id, run.shuffle) == (Status.QUEUED, job_id, 2)
    assert (run.bucket, run.key, run.version_id) == ("bucket", upload.key, upload.version_id)
    assert run.accepted_mail is MailState.SENT
    assert states(cloud) == ["ACCEPTED:"]
    request = RunRequest.from_json(cloud.objects[RunKeys("miller", job.run_id).request])
    assert (request.root, request.request.epochs) == ("mouse/", 9)
    warned = [f"{each.where}: {each.what}" for each in run.problems]
    assert warned  # its few frames
    assert list(request.warnings) == warned
    assert (request.key, request.version_id) == (upload.key, upload.version_id)


def test_the_job_is_told_the_cameras_of_a_3d_project_beside(
    upload: Upload, zipped: Any, project_files: dict[str, bytes], new_cloud: Any
) -> None:
    images = {
        f"mouse-3d/calibration_images/{camera}{n}.png": png(64, 48)
        for camera in ("left", "right")
        for n in range(8)
    }
    config = {"mouse-3d/config.yaml": b"num_cameras: 2\ncamera_names: [left, right]\n"}
    cloud = new_cloud(upload=zipped({**project_files, **config, **images}))
    submission(cloud).take(upload, claim(cloud))
    ((_, job),) = cloud.jobs.items()
    request = RunRequest.from_json(cloud.objects[RunKeys("miller", job.run_id).request])
    cameras = Cameras(("left", "right"), CALIBRATION_3D)
    assert request.request.cameras == cameras
    assert request.intake == Intake("mouse/", cameras, "mouse-3d/calibration_images/")


def test_settings_that_lie_in_the_project_are_told_in_the_first_mail(
    upload: Upload, zipped: Any, project_files: dict[str, bytes], new_cloud: Any
) -> None:
    model = "dlc-models-pytorch/iteration-0/reachJan1-trainset95shuffle1/train"
    settings = b"net_type: resnet_101\nmethod: bu\ntrain_settings: {epochs: 30}\n"
    home = {f"mouse/{model}/pytorch_config.yaml": settings}
    cloud = new_cloud(upload=zipped({**project_files, **home}))
    submission(cloud).take(upload, claim(cloud))
    (mail,) = cloud.mails
    said = f"that lie in this project ({model}/pytorch_config.yaml): resnet_101, 30 epochs."
    assert f"Shuffle 1 is trained with the settings and the split {said}" in words_of(mail)


@pytest.mark.parametrize(
    ("key", "data", "lab", "code"),
    [
        ("uploads/miller/mouse.zip", b"rubbish", "miller", "not-a-zip"),
        ("uploads/miller/mouse.rar", b"", "miller", "upload-key"),
        ("uploads/Ann & Bob/mouse.zip", b"", "default", "upload-key"),
    ],
)
def test_a_bad_upload_is_rejected_and_the_lab_hears_why(
    key: str, data: bytes, lab: str, code: str, upload: Upload, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=data)
    run = submission(cloud).take(dataclasses.replace(upload, key=key), claim(cloud))
    assert run is not None
    assert (run.status, run.lab, run.problems[0].code) == (Status.REJECTED, lab, code)
    assert cloud.records.get(lab, run.run_id).mail is MailState.SENT
    assert (cloud.jobs, cloud.objects, states(cloud)) == ({}, {}, ["REJECTED:"])


def test_a_folder_of_the_console_is_nothing(upload: Upload, new_cloud: Any) -> None:
    cloud = new_cloud()
    folder = dataclasses.replace(upload, key="uploads/miller/")
    assert submission(cloud).take(folder, claim(cloud)) is None
    assert cloud.steps.names == []


def test_a_video_that_waits_to_be_named_is_nothing(upload: Upload, new_cloud: Any) -> None:
    cloud = new_cloud()
    video = dataclasses.replace(upload, key="uploads/miller/videos/day1/mouse.mp4")
    assert submission(cloud).take(video, claim(cloud)) is None
    assert cloud.steps.names == []


@pytest.mark.parametrize(
    ("video", "is_own"),
    [
        ("s3://bucket/uploads/miller/videos/a.mp4", True),
        ("s3://bucket/uploads/other/videos/a.mp4", False),
        ("s3://elsewhere/uploads/miller/videos/a.mp4", False),
    ],
)
def test_only_the_labs_own_videos_are_analysed(
    video: str,
    is_own: bool,
    upload: Upload,
    project_files: dict[str, bytes],
    zipped: Any,
    new_cloud: Any,
) -> None:
    request = f"analyze_videos: ['{video}']\n".encode()
    cloud = new_cloud(upload=zipped({**project_files, "mouse/dlc-batch.yaml": request}))
    run = submission(cloud).take(upload, claim(cloud))
    assert run is not None
    codes = {problem.code for problem in run.problems if problem.severity is Severity.ERROR}
    expected = (Status.QUEUED, set()) if is_own else (Status.REJECTED, {"video-place"})
    assert (run.status, codes) == expected


@pytest.mark.parametrize("is_good", [True, False])
def test_an_upload_told_five_times_is_one_job_and_one_mail(
    is_good: bool, upload: Upload, good_zip: bytes, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=good_zip if is_good else b"rubbish")
    for number in range(5):
        submission(cloud).take(upload, claim(cloud, f"invocation-{number}"))
    assert len(cloud.jobs) == is_good
    assert len(cloud.mails) == 1


def test_another_version_of_the_same_key_is_another_run(
    upload: Upload, good_zip: bytes, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=good_zip)
    for version in (upload.version_id, uuid.uuid4().hex):
        submission(cloud).take(dataclasses.replace(upload, version_id=version), claim(cloud))
    assert len({job.run_id for job in cloud.jobs.values()}) == 2
    assert states(cloud) == ["ACCEPTED:", "ACCEPTED:"]


@pytest.mark.parametrize("is_good", [True, False], ids=["good", "bad"])
@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("retry", ["one", "two"], ids=["tried-again", "taken-over"])
def test_a_crash_anywhere_costs_nothing(
    is_good: bool,
    is_done_first: bool,
    retry: str,
    good_zip: bytes,
    new_cloud: Any,
    crashing_steps: Any,
    crash: type[Exception],
) -> None:
    """Given a crash before or after any one step, when the event comes again, then all is well."""
    data, crash_at, names = good_zip if is_good else b"rubbish", 0, []
    while crash_at <= len(names):
        cloud = new_cloud(upload=data, steps=crashing_steps(crash_at, is_done_first))
        upload = Upload("bucket", "uploads/miller/mouse.zip", uuid.uuid4().hex, 1)
        try:
            submission(cloud).take(upload, claim(cloud))
            break  # no more steps to crash at
        except crash:
            names = list(cloud.steps.names)
        cloud.now += 0 if retry == "one" else 3600
        run = submission(cloud).take(upload, claim(cloud, retry))
        assert run is not None
        check_one_run(cloud, run.run_id, is_good, names, is_done_first)
        crash_at += 1
    assert crash_at >= (9 if is_good else 7)
    assert {"publish", "open", "put_item", "update_item"} <= set(names)


def check_one_run(
    cloud: Any, run_id: str, is_good: bool, names: list[str], is_done_first: bool
) -> None:
    record = cloud.records.get("miller", run_id)
    assert record.status is (Status.QUEUED if is_good else Status.REJECTED)
    assert len(cloud.jobs) == is_good
    assert record.job_id == ("job-1" if is_good else None)
    # the one crash that repeats a mail: after it went out, before that was written
    is_between = names[-1] == "publish" if is_done_first else names[-2:-1] == ["publish"]
    assert len(cloud.mails) == (2 if is_between else 1), names
    assert {record.mail, record.accepted_mail} == {MailState.SENT, None}


def test_a_crash_that_comes_back_before_the_claim_is_stale_is_told_to_wait(
    upload: Upload, good_zip: bytes, new_cloud: Any, crashing_steps: Any, crash: type[Exception]
) -> None:
    cloud = new_cloud(upload=good_zip, steps=crashing_steps(1, True))
    with pytest.raises(crash):
        submission(cloud).take(upload, claim(cloud))
    with pytest.raises(CloudError):
        submission(cloud).take(upload, claim(cloud, "two"))
    assert (len(cloud.jobs), cloud.mails) == (0, [])


@pytest.mark.parametrize(
    ("of_config", "of_request", "is_tensorflow"),
    [
        ("pytorch", "", False),
        ("tensorflow", "", True),
        ("tensorflow", "engine: pytorch", False),
        ("", "", False),
    ],
)
def test_the_engine_as_resolved_decides_on_the_job_definition(
    of_config: str,
    of_request: str,
    is_tensorflow: bool,
    upload: Upload,
    zipped: Any,
    project_files: dict[str, bytes],
    new_cloud: Any,
) -> None:
    line = f"engine: {of_config}".encode() if of_config else b""
    config = project_files["mouse/config.yaml"].replace(b"engine: pytorch", line)
    files = {**project_files, "mouse/config.yaml": config}
    files["mouse/dlc-batch.yaml"] = of_request.encode()
    cloud, tensorflow = new_cloud(upload=zipped(files)), new_cloud()
    run = submission(cloud, tensorflow).take(upload, claim(cloud))
    assert run is not None
    assert run.status is Status.QUEUED
    assert (len(cloud.jobs), len(tensorflow.jobs)) == (not is_tensorflow, is_tensorflow)


EARLIER = "rat-0123456789ab"
SNAPSHOT = "dlc-models-pytorch/iteration-0/ratJan1-trainset95shuffle1/train/snapshot-best-9.pt"
TENSORFLOW = "dlc-models/iteration-0/ratJan1-trainset95shuffle1/train/snapshot-9.index"


@pytest.fixture
def begin_from(zipped: Any, project_files: dict[str, bytes], new_cloud: Any) -> Any:
    """Makes a cloud and a lab of its own, whose upload begins from an earlier run."""

    def begin(
        status: Status | None,
        files: tuple[str, ...] = (SNAPSHOT,),
        parts: Any = None,
        more: Any = None,
    ) -> tuple[Any, str]:
        request = {"mouse/dlc-batch.yaml": f"weights: {EARLIER}\n".encode()}
        cloud = new_cloud(upload=zipped({**project_files, **(more or request)}))
        lab = f"lab-{uuid.uuid4().hex[:12]}"
        if status is not None:
            run = Run(lab, EARLIER, status, "bucket", "key", submitted_at="t", files=files)
            cloud.records.begin(run, "test", cloud.now)
        if parts is not None:
            key = RunKeys(lab, EARLIER).request
            asked = RunRequest(EARLIER, lab, "bucket", "key", None, "", Request(), "t", parts)
            cloud.objects[key] = asked.to_json().encode()
        return cloud, lab

    return begin


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ((None,), "no run rat-0123456789ab"),
        ((Status.RUNNING,), "has not ended yet (RUNNING)"),
        ((Status.FAILED,), "ended as FAILED"),
        ((Status.SUCCEEDED, ("run.json",)), "no snapshot of the pytorch engine"),
        ((Status.SUCCEEDED, (TENSORFLOW,)), "no snapshot of the pytorch engine"),
        ((Status.SUCCEEDED, (SNAPSHOT,), ("nose", "paw")), "has the body parts nose, paw"),
    ],
)
def test_weights_that_do_not_fit_are_told_before_a_gpu_starts(
    earlier: tuple[Any, ...], words: str, begin_from: Any
) -> None:
    cloud, lab = begin_from(*earlier)
    upload = Upload("bucket", f"uploads/{lab}/mouse.zip", uuid.uuid4().hex, 1)
    run = submission(cloud).take(upload, claim(cloud))
    assert run is not None
    found = [(p.code, p.where) for p in run.problems if p.severity is Severity.ERROR]
    assert (run.status, found) == (Status.REJECTED, [("weights-run", "dlc-batch.yaml")])
    assert words in words_of(cloud.mails[0])
    assert cloud.jobs == {}


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ((None,), "no run rat-0123456789ab"),
        ((Status.QUEUED,), "has not ended yet (QUEUED)"),
        ((Status.CANCELLED,), "ended as CANCELLED"),
        ((Status.SUCCEEDED, (TENSORFLOW,)), "no snapshot of the pytorch engine"),
        ((Status.SUCCEEDED, (SNAPSHOT,), ("ear", "tail")), "has the body parts ear, tail"),
        ((Status.SUCCEEDED, (SNAPSHOT,), ("nose", "ear")), None),
        ((Status.SUCCEEDED, (SNAPSHOT,)), None),
    ],
)
def test_a_network_for_other_views_is_looked_for_before_a_gpu_starts(
    earlier: tuple[Any, ...], words: str | None, begin_from: Any
) -> None:
    """Given a run whose left camera an earlier run's network sees, and their body parts."""
    cameras = f"names: [left, right], calibration: rig.toml, networks: {{left: {EARLIER}}}"
    request = f"cameras: {{{cameras}}}\ntriangulate: false\n".encode()
    more = {"mouse/dlc-batch.yaml": request, "mouse/rig.toml": b"some"}
    cloud, lab = begin_from(*earlier, more=more)
    upload = Upload("bucket", f"uploads/{lab}/mouse.zip", uuid.uuid4().hex, 1)
    run = submission(cloud).take(upload, claim(cloud))
    assert run is not None
    found = [(p.code, p.where) for p in run.problems if p.severity is Severity.ERROR]
    if words is None:
        assert (run.status, found) == (Status.QUEUED, [])
        return
    assert (run.status, found) == (Status.REJECTED, [("network-run", "dlc-batch.yaml")])
    assert words in words_of(cloud.mails[0])
    assert cloud.jobs == {}


@pytest.mark.parametrize("parts", [None, (), ("paw", "nose")])
def test_weights_that_fit_are_trained_on(parts: Any, begin_from: Any) -> None:
    cloud, lab = begin_from(Status.SUCCEEDED, (SNAPSHOT,), parts)
    upload = Upload("bucket", f"uploads/{lab}/mouse.zip", uuid.uuid4().hex, 1)
    run = submission(cloud).take(upload, claim(cloud))
    assert run is not None
    assert (run.status, len(cloud.jobs)) == (Status.QUEUED, 1)
    request = RunRequest.from_json(cloud.objects[RunKeys(lab, run.run_id).request])
    assert (request.request.weights, request.body_parts) == (EARLIER, ("paw", "nose"))


def test_weights_of_another_lab_are_not_there(begin_from: Any) -> None:
    cloud, _ = begin_from(Status.SUCCEEDED)
    upload = Upload("bucket", "uploads/another-lab/mouse.zip", uuid.uuid4().hex, 1)
    run = submission(cloud).take(upload, claim(cloud))
    assert run is not None
    assert run.status is Status.REJECTED
    assert "Your lab has no run" in words_of(cloud.mails[0])
