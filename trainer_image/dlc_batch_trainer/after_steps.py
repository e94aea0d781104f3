"""`python -m dlc_batch_trainer.after_steps ANSWERS_FD`: the process that analyses videos.

A process of its own: a video may bring down whoever decodes it, and the training is to be safe
from that. It takes steps from its standard input, a JSON object a line, and answers each with a
line of what came of it. It has no credentials. When its input ends, its watcher is dead, and it
ends too.
"""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from dlc_batch_trainer.after import Done, Shuffle, analyze, export_model

_ORPHANED = 70  # exit code, sysexits' EX_SOFTWARE: nobody is left to read it


@dataclass(frozen=True)
class Step:
    """One thing to do with the trained network: export it, or analyse one video."""

    config_path: str
    shuffle: int
    trainset: int
    engine: str
    target: str  # folder of what is made
    video: str | None = None  # None: export the network
    is_filtered: bool = True
    is_labeled: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def run(self) -> Done:
        """Do it; raises no Exception for what DeepLabCut does, or for what is in a video."""
        trained = Shuffle(Path(self.config_path), self.shuffle, self.trainset)
        if self.video is None:
            return export_model(trained, Path(self.target), self.engine)
        return analyze(
            trained,
            [Path(self.video)],
            Path(self.target),
            is_filtered=self.is_filtered,
            is_labeled=self.is_labeled,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Do step after step until the input ends."""
    (descriptor,) = arguments or sys.argv[1:]
    for each in (signal.SIGTERM, signal.SIGINT):  # the watcher decides when to end
        signal.signal(each, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1)
    # DeepLabCut draws in this very process then, and forks none: a fork of a process with threads
    # may inherit a lock that nobody opens, and hang.
    multiprocessing.set_start_method("spawn")
    # Not sys.stdin itself: a forked process would close it, and wait for the listener's lock
    commands = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    steps: queue.Queue[Step] = queue.Queue()
    threading.Thread(target=_listen, args=(commands, steps), daemon=True).start()
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as answers:
        while True:
            done = steps.get().run()
            answer = {**asdict(done), "files": ()}  # its watcher finds them in the folder
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def _listen(commands: IO[str], steps: queue.Queue[Step]) -> None:
    for line in commands:
        steps.put(Step(**json.loads(line)))
    os._exit(_ORPHANED)


if __name__ == "__main__":
    main()
