"""Up, down, reset, status: as processes and as a user types them."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dlc_batch.cli.local import local
from dlc_batch.local.cloud import LocalCloudError, read_cloud, running_cloud, server_pid
from dlc_batch.local.home import Home, default_home
from dlc_batch.local.lifecycle import UpOptions, down, reset, up

SOURCES = [str(Path(__file__).parents[2] / name) for name in ("src", "core")]
COMMAND = [sys.executable, "-c", "from dlc_batch.cli.local import local; local()"]


def command(home, *arguments, **options):
    environment = {
        **os.environ,
        "DLC_BATCH_HOME": str(home.path),
        "PYTHONPATH": os.pathsep.join(SOURCES),
    }
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def typed(home, *arguments):
    """Exit code, stdout and stderr of a command that a user types."""
    with command(home, *arguments) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_what_lies_in_the_cloud_is_there_again_after_down_and_up(start_tiny, tiny_home, wait_for):
    tiny = start_tiny()
    s3 = tiny.client("s3")
    where = {"Bucket": tiny.cloud.bucket, "Key": "results/ä b.txt"}
    first = s3.put_object(**where, Body=b"first")["VersionId"]
    s3.put_object(**where, Body=b"second", Metadata={"run": "1"})
    table = tiny.session.resource("dynamodb").Table(tiny.cloud.outputs["Table"])
    table.put_item(Item={"id": "kept", "numbers": [1, 2], "text": "ü"})
    ended = tiny.ends(tiny.submit("print('before')"))
    wait_for(tiny.mails)

    assert down(tiny_home, print)
    assert running_cloud(tiny_home) is None
    assert len(tiny.mails()) == 1  # readable while down

    again = start_tiny()
    assert again.cloud.bucket == tiny.cloud.bucket
    assert again.cloud.access_key_id == tiny.cloud.access_key_id
    s3 = again.client("s3")
    got = s3.get_object(**where)
    assert (got["Body"].read(), got["Metadata"]) == (b"second", {"run": "1"})
    assert s3.get_object(**where, VersionId=first)["Body"].read() == b"first"
    table = again.session.resource("dynamodb").Table(again.cloud.outputs["Table"])
    assert table.get_item(Key={"id": "kept"})["Item"] == {
        "id": "kept",
        "numbers": [1, 2],
        "text": "ü",
    }
    assert again.job(ended["jobId"])["status"] == "SUCCEEDED"
    assert again.log(again.job(ended["jobId"])) == ["before"]
    # And the events still reach the functions, whose mail still reaches the lab.
    s3.put_object(Bucket=again.cloud.bucket, Key="uploads/after.py", Body=b"pass")
    assert wait_for(lambda: [m for m in again.mails() if "after" in m.subject])


#: A stack that waits for an answer which never comes, as one with an image waits for CodeBuild.
WAITING = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": "def handler(event, context): pass"},
            },
        },
        "Answer": {
            "Type": "Custom::Answer",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
        },
    }
}


def test_a_stack_that_waits_for_an_answer_keeps_neither_down_nor_the_next_up(
    start_tiny, tiny_home, open_session, wait_for
):
    cloud = up(tiny_home, UpOptions(deploy=False), print)
    stacks = open_session(cloud).client("cloudformation")
    stacks.create_stack(
        StackName="dlc-batch", TemplateBody=json.dumps(WAITING), Capabilities=["CAPABILITY_IAM"]
    )

    def waits():
        found = stacks.describe_stack_events(StackName="dlc-batch")["StackEvents"]
        return any(event["LogicalResourceId"] == "Answer" for event in found)

    wait_for(waits)
    began = time.monotonic()
    assert down(tiny_home, print)
    assert time.monotonic() - began < 30  # killed after 60
    tiny = start_tiny()
    assert tiny.ends(tiny.submit())["status"] == "SUCCEEDED"


def test_a_job_that_runs_when_the_cloud_goes_down_has_lost_its_host(start_tiny, tiny_home):
    tiny = start_tiny()
    script = """if True:
        import os, time
        print("attempt", os.environ["AWS_BATCH_JOB_ATTEMPT"], os.getpid(), flush=True)
        time.sleep(60 if os.environ["AWS_BATCH_JOB_ATTEMPT"] == "1" else 0)
    """
    running, waiting = tiny.submit(script), tiny.submit()
    tiny.reaches(running, "RUNNING")
    down(tiny_home, print)
    again = start_tiny()
    job = again.ends(running)
    assert job["status"] == "SUCCEEDED"
    assert [attempt["statusReason"][:8] for attempt in job["attempts"]] == ["Host EC2", "Essentia"]
    assert again.ends(waiting)["status"] == "SUCCEEDED"


def test_a_cloud_whose_server_was_killed_comes_up_with_what_it_had(
    start_tiny, tiny_home, wait_for
):
    tiny = start_tiny()
    where = {"Bucket": tiny.cloud.bucket, "Key": "results/x"}
    tiny.client("s3").put_object(**where, Body=b"kept")
    job = tiny.submit("import os, time; print(os.getpid(), flush=True); time.sleep(300)")
    tiny.reaches(job, "RUNNING")
    (pid,) = map(int, wait_for(lambda: tiny.log(tiny.job(job))))
    batch_state = tiny_home.state / "services" / "batch.json"
    wait_for(lambda: batch_state.is_file() and job in batch_state.read_text(), 40)
    os.kill(tiny.cloud.pid, signal.SIGKILL)
    wait_for(lambda: running_cloud(tiny_home) is None)
    again = start_tiny()
    assert again.client("s3").get_object(**where)["Body"].read() == b"kept"
    wait_for(lambda: not Path(f"/proc/{pid}/cwd").exists())  # the job's process went too
    again.client("batch").terminate_job(jobId=job, reason="end of the test")
    assert again.ends(job)["attempts"][0]["statusReason"].startswith("Host EC2")


def test_a_changed_template_is_deployed_at_the_next_up(
    start_tiny, tiny_home, tmp_path, tiny_template
):
    folder = tmp_path / "changed"
    shutil.copytree(tiny_template.parent, folder)
    tiny = start_tiny(folder / "template.yaml")
    text = (folder / "template.yaml").read_text("utf-8")
    (folder / "template.yaml").write_text(text.replace("Value: red", "Value: green"), "utf-8")
    layer = folder / "layer" / "tiny_layer" / "__init__.py"
    layer.write_text(layer.read_text("utf-8").replace("Grüße", "Greetings"), "utf-8")
    down(tiny_home, print)
    again = start_tiny(folder / "template.yaml")
    assert again.cloud.outputs["Definition"] == tiny.cloud.outputs["Definition"][:-1] + "2"
    job = again.ends(again.submit("import os; print(os.environ['COLOUR'])"))
    assert again.log(job) == ["green"]
    with pytest.raises(AssertionError, match="not active"):
        _refused(again, jobDefinition=tiny.cloud.outputs["Definition"])


def _refused(tiny, **request):
    try:
        tiny.submit(**request)
    except Exception as error:
        raise AssertionError(str(error)) from None


def test_the_server_ends_when_its_home_is_deleted(start_tiny, tiny_home, wait_for):
    tiny = start_tiny()
    shutil.rmtree(tiny_home.path)

    def is_gone():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", tiny.cloud.port)) != 0

    wait_for(is_gone, 30)
    os.waitpid(tiny.cloud.pid, 0)  # nothing that it does at its end makes the home again
    assert not tiny_home.path.exists()


def test_reset_empties_it_and_it_is_up_again(start_tiny, tiny_home):
    tiny = start_tiny()
    bucket = tiny.cloud.bucket
    tiny.client("s3").put_object(Bucket=bucket, Key="results/x", Body=b"x")
    tiny.client("sns").publish(TopicArn=tiny.cloud.outputs["Topic"], Message="m")
    fresh = reset(tiny_home, print)
    assert fresh == running_cloud(tiny_home)
    again = type(tiny)(fresh, type(tiny.session)(fresh))
    assert "Contents" not in again.client("s3").list_objects_v2(Bucket=fresh.bucket)
    assert again.mails() == []
    with pytest.raises(Exception, match="InvalidAccessKeyId"):
        tiny.client("s3").list_buckets()


def test_other_parameters_of_a_cloud_that_is_up_are_not_passed_over(start_tiny, tiny_home):
    start_tiny()
    same = UpOptions(parameters={"LabEmail": "lab@example.org"})
    assert up(tiny_home, same, print) == running_cloud(tiny_home)
    with pytest.raises(LocalCloudError, match=r"with another LabEmail.*local down` first"):
        up(tiny_home, UpOptions(parameters={"LabEmail": "ann@example.org"}), print)


def test_two_at_once_start_one_server_and_neither_holds_its_callers_pipes(
    tiny_home, tiny_template
):
    """Both commands end, though the server they leave behind goes on: it holds no pipe."""
    both = [command(tiny_home, "up", "--template", str(tiny_template)) for _ in range(2)]
    ended = []
    for process in both:
        with process:
            ended.append((process.communicate(timeout=120)[1], process.returncode))
    assert [code for _, code in ended] == [0, 0]
    assert sum("starting the local cloud" in text for text, _ in ended) == 1
    assert sum("is up already" in text for text, _ in ended) == 1
    pid = server_pid(tiny_home)
    assert os.getsid(pid) == pid

    code, out, _ = typed(tiny_home, "status", "--json")
    values = json.loads(out)
    assert code == 0
    assert values["up"] is True
    assert values["pid"] == pid
    assert {"endpoint_url", "region", "bucket", "access_key_id", "secret_access_key", "stack"} <= (
        values.keys()
    )
    assert stat.S_IMODE(tiny_home.cloud_file.stat().st_mode) == 0o600

    assert typed(tiny_home, "down")[0] == 0
    code, out, err = typed(tiny_home, "status", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {"up": False, "home": str(tiny_home.path)}


def test_without_a_stack_it_comes_up_empty_and_takes_one_later(tiny_home, tiny_template):
    empty = up(tiny_home, UpOptions(deploy=False), print)
    assert (empty.stack_name, empty.bucket) == (None, None)
    full = up(tiny_home, UpOptions(template=tiny_template), print)
    assert full.pid == empty.pid
    assert full.stack_name == "dlc-batch"


def test_a_stack_that_fails_is_told_with_the_resource_and_can_be_mended(tiny_home, tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Queue:\n"
        "    Type: AWS::Batch::JobDefinition\n"
        "    Properties: {Type: container, RetryStrategy: {Attempts: 12}}\n"
    )
    with pytest.raises(LocalCloudError, match=r"Queue \(AWS::Batch::JobDefinition\).*attempts"):
        up(tiny_home, UpOptions(template=template), print)
    assert server_pid(tiny_home) is None
    template.write_text(template.read_text("utf-8").replace("12", "2"))
    assert up(tiny_home, UpOptions(template=template), print).stack_name == "dlc-batch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--template", "no/such/template.yaml"], "Cannot read the template"),
        (["up", "--parameter", "novalue"], "NAME=VALUE"),
        (["reset"], "--yes"),
    ],
)
def test_wrong_use_is_told_without_a_traceback(tiny_home, arguments, message):
    code, out, err = typed(tiny_home, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_missing_extra_is_told_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("DLC_BATCH_HOME", str(tmp_path / "none"))
    monkeypatch.setitem(sys.modules, "ministack", None)
    result = CliRunner().invoke(local, ["up"])
    assert result.exit_code == 2
    assert "pip install 'dlc-batch[local]'" in result.stderr


def test_a_port_in_use_is_told(tiny_home):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"Port {port} is in use"):
            up(tiny_home, UpOptions(port=port), print)


def test_what_is_not_up_can_be_asked_and_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("DLC_BATCH_HOME", str(tmp_path / "none"))
    run = CliRunner().invoke
    assert run(local, ["status"]).exit_code == 1
    assert "dlc-batch local up" in run(local, ["status"]).stdout
    assert run(local, ["down"]).exit_code == 0
    assert json.loads(run(local, ["mail", "--json"]).stdout) == {"mails": []}
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_not_ours_is_no_cloud(tmp_path):
    home = Home(tmp_path)
    for text in ("", "[]", "{}", '{"pid": 1}'):
        home.cloud_file.write_text(text)
        assert read_cloud(home) is None
        assert running_cloud(home) is None


def test_the_home_is_the_checkouts_unless_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DLC_BATCH_HOME", str(tmp_path))
    assert default_home().path == tmp_path
    monkeypatch.delenv("DLC_BATCH_HOME")
    assert default_home().path == Path(__file__).parents[2] / ".local-cloud"


def test_looking_for_a_cloud_imports_nothing_heavy():
    code = (
        "import sys; import dlc_batch.local.cloud, dlc_batch.cli.local; "
        "heavy = {'boto3', 'ministack', 'aiosmtpd', 'samtranslator'}; "
        "print(sorted(heavy & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
