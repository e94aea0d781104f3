"""The functions' zips: what is in them, and that equal sources are built once."""

import sys
import zipfile
from pathlib import Path

import pytest

from dlc_batch.local.artifacts import ArtifactBuilder
from dlc_batch.local.cloud import LocalCloudError
from dlc_batch.local.deploy import package


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "submit"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "app.pyc").write_bytes(b"")
    (folder / "app.py").write_text("pass")
    (folder / "requirements.txt").write_text("# none\n")
    return folder


@pytest.fixture
def builder(tmp_path):
    said = []
    (tmp_path / "build").mkdir()
    made = ArtifactBuilder(tmp_path / "build", Path(sys.executable), said.append)
    made.said = said
    return made


def names(artifact):
    with zipfile.ZipFile(artifact) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_a_function_is_its_folder_and_a_layer_lies_under_python(source, builder):
    assert names(builder.function(source, built=False)) == {"app.py", "requirements.txt"}
    assert names(builder.layer(source, built=False)) == {
        "python/app.py",
        "python/requirements.txt",
    }
    assert names(builder.layer(source, built=True)) == {"app.py", "requirements.txt"}


def test_equal_sources_are_built_once_and_changed_ones_again(source, builder):
    first = builder.function(source, built=False)
    content = first.read_bytes()
    assert builder.function(source, built=False) == first
    assert builder.said == ["building submit"]
    (source / "app.py").write_text("changed")
    assert builder.function(source, built=False) != first
    (source / "app.py").write_text("pass")
    first.unlink()
    assert builder.function(source, built=False).read_bytes() == content


def test_a_requirement_that_cannot_be_installed_is_told(source, builder):
    (source / "requirements.txt").write_text("./no-such-folder\n")
    with pytest.raises(LocalCloudError, match=r"requirements\.txt"):
        builder.function(source, built=False)
    assert list(builder._build.glob("*.zip")) == []


def test_a_folder_that_is_missing_is_told(tmp_path, builder):
    with pytest.raises(LocalCloudError, match="missing is not a folder"):
        builder.function(tmp_path / "missing", built=False)


def test_what_sam_built_is_taken_as_it_is(source, builder):
    """`sam build` puts a layer's `python/` into the folder that the built template names."""
    built = source.parent / ".aws-sam" / "build"
    (built / "Layer" / "python").mkdir(parents=True)
    (built / "Layer" / "python" / "core.py").write_text("")
    template = {
        "Resources": {
            "Layer": {
                "Type": "AWS::Serverless::LayerVersion",
                "Properties": {"ContentUri": "Layer"},
            },
            "There": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"CodeUri": "s3://bucket/there.zip"},
            },
            "Queue": {"Type": "AWS::SQS::Queue"},
        }
    }
    package(template, built, builder, lambda artifact: f"s3://b/{sorted(names(artifact))}")
    resources = template["Resources"]
    assert resources["Layer"]["Properties"]["ContentUri"] == "s3://b/['python/core.py']"
    assert resources["There"]["Properties"]["CodeUri"] == "s3://bucket/there.zip"


def test_a_layer_that_sam_does_not_build_is_packed_as_it_lies(source, builder):
    """As SAM does: nothing under `python/`, and its requirements are not installed."""
    (source / "requirements.txt").write_text("no-such-package==0\n")
    layer = {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": source.name}}
    template = {"Resources": {"Layer": layer}}
    package(template, source.parent, builder, lambda artifact: f"s3://b/{sorted(names(artifact))}")
    assert layer["Properties"]["ContentUri"] == "s3://b/['app.py', 'requirements.txt']"
