"""`python -m dlc_batch_trainer.worker JOB EVENTS_FD`: the process in which DeepLabCut runs.

It works on what lies on this computer's disk, and has no credentials: whoever started it fetches,
uploads and watches. Its stages:

prepare   mend a copy of config.yaml, make the data set anew, draw the split, set the network
train     with the engine asked for; checkpoints as it goes
evaluate  with DeepLabCut: the snapshot kept, on the frames it trained on and on the test frames;
          a training is not lost for its scores
export    DeepLabCut's files as the lab would have them, a zip of them, and run.json
"""

from __future__ import annotations

import errno
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.job import ExitCode
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.channel import Channel
from dlc_batch_trainer.errors import DISK_FULL, UNFORESEEN, Interrupted
from dlc_batch_trainer.weights import prepare_hub
from dlc_batch_trainer.worker_job import WorkerJob


def main(arguments: Sequence[str] | None = None) -> int:
    """Work, and tell how it ended, whatever happens."""
    job_path, descriptor = arguments or sys.argv[1:]
    for each in (signal.SIGTERM, signal.SIGINT):  # the watcher decides when to end
        signal.signal(each, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1)
    events = os.fdopen(int(descriptor), "w", encoding="utf-8")
    job = WorkerJob.read(Path(job_path))
    # Not sys.stdin itself: a forked loader process closes it, and would wait for ever for the lock
    # that the listening thread held.
    commands = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    channel = Channel(events, commands, job.is_trained)
    try:
        if RunRequest.from_json(job.run).request.weights == "pretrained":
            prepare_hub()  # before its client is imported, which reads the environment
        # Not at the top: it imports DeepLabCut, which takes 16 s
        from dlc_batch_trainer.worker_program import WorkerProgram

        WorkerProgram(job, channel).run()
    except Interrupted:
        return ExitCode.INTERRUPTED
    except Exception as error:  # the edge of the process: whatever it is, the lab hears
        failure = _as_failure(error)
        channel.failed(failure)
        return ExitCode.BUG
    return ExitCode.DONE


def _as_failure(error: Exception) -> DlcBatchError:
    """Put an error into a sentence. The log gets it in full."""
    traceback.print_exception(error)
    sys.stderr.flush()
    if isinstance(error, DlcBatchError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DISK_FULL
    return UNFORESEEN


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # loader processes and TensorFlow's threads may hang on a proper exit
