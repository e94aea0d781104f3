"""The verbs of the command line for notebooks and programs: thin, typed, and without printing.

Whatever goes wrong is a `dlc_batch.DlcBatchError`, with a message and a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dlc_batch import ending
from dlc_batch.checking import check_path, project_at
from dlc_batch.cloud import DEFAULT_STACK, Cloud
from dlc_batch.cloud import connect as connect_cloud
from dlc_batch.fetching import Fetched, list_results
from dlc_batch.fetching import fetch as fetch_results
from dlc_batch.job_logs import Reader
from dlc_batch.outbox import open_outbox
from dlc_batch.packing import plan_packing
from dlc_batch.profiles import Profile, settings
from dlc_batch.request_changes import RequestChanges, changed_request
from dlc_batch.runs import RunStatus, find_run, list_runs, read_status
from dlc_batch.submitting import Submitted, send, upload_key, upload_name
from dlc_batch.twins import check_for_twin
from dlc_batch.watching import EVERY, Seen, Watch
from dlc_batch.where import Where
from dlc_batch_core.check import Check
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.keys import DEFAULT_LAB, UploadKey


def connect(
    stack: str | None = None,
    lab: str | None = None,
    *,
    at: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    cloud: str | None = None,
) -> Lab:
    """Find a deployed stack, as `dlc-batch` finds it.

    Args:
        stack: its name; None: dlc-batch.
        lab: whose runs are meant; None: that of DLC_BATCH_LAB, else `default` to submit, and all
            to list.
        at: a profile of `dlc-batch profile`; it stands for what is not given here.
        region, profile: of AWS; None: AWS's own configuration.
        cloud: auto (a running local cloud, else AWS), local or aws; None: auto.

    Raises:
        LabError: there is no such profile of `dlc-batch profile`.
        CloudError: there is no such stack, or it can't be reached.
        LabError: `cloud` names none.
    """
    named = settings().find(at) if at else Profile(cloud="auto")
    found = connect_cloud(
        Where.named(named.cloud if cloud is None else cloud),
        stack or named.stack or DEFAULT_STACK,
        region or named.region,
        profile or named.profile,
    )
    return Lab(replace(found, lab=lab or named.lab or found.lab))


def check(project: str | Path) -> Check:
    """Check a project's folder, or its zip, as the cloud will; sends nothing.

    The answer has `is_trainable`, `problems` and `mended`.
    """
    return check_path(Path(project))


@dataclass(frozen=True)
class Lab:
    """A lab's runs in a deployed stack. Each verb raises DlcBatchError for what goes wrong."""

    cloud: Cloud

    @property
    def name(self) -> str | None:
        """The lab's name; None: none was named."""
        return self.cloud.lab

    def submit(
        self,
        project: str | Path,
        name: str | None = None,
        overrides: Mapping[str, object] | None = None,
        *,
        again: bool = False,
        **request: object,
    ) -> Submitted:
        """Send a project to be trained; returns its `run_id`, `lab` and `key`.

        Args:
            project: its folder, or its zip.
            name: of the upload; None: the folder's or the zip's.
            overrides: DeepLabCut's own settings, by dotted path.
            again: send it although the same is queued or running already.
            request: keys of dlc-batch.yaml, which go over those of the folder's own file.

        Raises:
            ProjectError: it can't be trained; `problems` has all that was found.
            LabError: keys were given with a zip, into which they can't be written; or the same
                project with the same request is queued or running, and `again` is not said.
        """
        path = project_at(Path(project))
        target = upload_key(self.name or DEFAULT_LAB, name or upload_name(path))
        asked = changed_request(path, RequestChanges(request, overrides or {}))
        found = check_path(path, request=asked)
        if not found.is_trainable:
            raise ProjectError(found.problems)
        with open_outbox(self.cloud.bucket, target.key) as outbox:
            archive = outbox.pack(plan_packing(path, asked)) if path.is_dir() else path
            sent = send(
                self.cloud,
                archive,
                target,
                outbox=outbox,
                begins=lambda sha256: self._refuse_twin(target, sha256, again),
            )
        settings().remember_runs([sent.run_id])
        return sent

    def _refuse_twin(self, target: UploadKey, sha256: str, again: bool) -> None:
        if not again:
            check_for_twin(self.cloud, target, sha256, settings().recent_runs())

    def runs(self) -> tuple[RunStatus, ...]:
        """Return the lab's runs, or all where no lab was named, newest first, without progress."""
        return tuple(map(RunStatus.from_record, list_runs(self.cloud, self.name)))

    def status(self, run_id: str) -> RunStatus:
        """Return how a run is: `run`, `progress` and, of several shuffles, `parts`."""
        return read_status(self.cloud, run_id)

    def watch(self, run_id: str, every: float = EVERY) -> Iterator[Seen]:
        """Yield looks at a run until it has ended; a broken connection is waited for.

        Args:
            every: seconds between two looks.
        """
        return iter(Watch(self.cloud.in_a_hurry(), run_id, every))

    def logs(
        self, run_id: str, *, follow: bool = False, shuffle: int | None = None
    ) -> Iterator[str]:
        """Yield the lines that a run's trainings printed, attempt after attempt.

        Args:
            follow: go on as lines come, until the run has ended.
            shuffle: only of this one.
        """
        cloud = self.cloud.in_a_hurry() if follow else self.cloud
        reader = Reader(cloud, run_id, shuffle)
        return (line.text for line in (reader.follow() if follow else reader.read()))

    def cancel(
        self, run_id: str, shuffle: int | None = None, *, force: bool = False
    ) -> ending.Asked:
        """End a run, and keep nothing of what it trained; `force`: its process too."""
        return ending.cancel(self.cloud, find_run(self.cloud, run_id), shuffle, force)

    def stop(self, run_id: str, shuffle: int | None = None) -> ending.Asked:
        """End a run's training; its best network so far is scored and sent."""
        return ending.stop(self.cloud, find_run(self.cloud, run_id), shuffle)

    def fetch(
        self,
        run_id: str,
        folder: str | Path,
        *,
        overwrite: bool = False,
        other_project: bool = False,
    ) -> Fetched:
        """Get a run's results into a folder, such as the project's; all of them, or none.

        Args:
            overwrite: replace files that differ, and keep them aside.
            other_project: go ahead although the folder is of another project than the run.
        """
        run = find_run(self.cloud, run_id)
        results = list_results(self.cloud, run)
        return fetch_results(
            self.cloud, run, results, Path(folder), overwrite, other_project=other_project
        )
