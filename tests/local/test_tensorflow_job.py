"""A project of DeepLabCut's TensorFlow engine on a computer without that engine's environment."""

import shutil

import pytest

from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch.local.mailbox import read_mails
from dlc_batch_core.keys import run_id


@pytest.fixture
def cloud_without_tensorflow(new_home, monkeypatch):
    home = new_home()
    monkeypatch.setenv("DLC_BATCH_TF_PYTHON", str(home.path / "no-python"))
    try:
        yield home, up(home, UpOptions(), print)
    finally:
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)


def test_the_lab_hears_what_is_missing_and_what_to_do(
    cloud_without_tensorflow, open_session, project_files, zipped, wait_for
):
    home, cloud = cloud_without_tensorflow
    config = project_files["mouse/config.yaml"].replace(b"pytorch", b"tensorflow")
    upload = zipped({**project_files, "mouse/config.yaml": config})
    s3, key = open_session(cloud).client("s3"), "uploads/miller/mouse.zip"
    put = s3.put_object(Bucket=cloud.bucket, Key=key, Body=upload)
    run = run_id(cloud.bucket, key, put["VersionId"])

    def final_mail():
        mails = [mail for mail in read_mails(home.mail) if run in mail.subject]
        return next((mail for mail in mails if "FAILED" in mail.subject), None)

    body = " ".join(wait_for(final_mail, 60).body.split())
    assert "this computer has no environment for DeepLabCut's TensorFlow engine" in body
    assert "Make one from requirements/tensorflow.txt and upload again" in body
    assert "Traceback" not in body
