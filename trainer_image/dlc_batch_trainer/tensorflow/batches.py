"""Batches by number: what batch n holds depends on the seed and on n, and on nothing before."""

from __future__ import annotations

import random
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import imgaug  # type: ignore[import-not-found]  # of the engine's own environment
import numpy as np

from dlc_batch_trainer.errors import InfrastructureError, UserError

Batch = dict[Any, Any]  # DeepLabCut's: arrays by its enum
_AHEAD = 8  # batches made while the network trains; DeepLabCut has 20 (our choice)
_ATTEMPTS = 50  # at a scale that fits; of DeepLabCut's range most do (our choice)
_TOO_SMALL_OR_LARGE = "may be too"  # DeepLabCut's words (datasets/pose_imgaug.py: get_batch)
_LIMIT = 2**32  # NumPy's legacy seeds end there


class Batches:
    """DeepLabCut's data set, each batch of which is drawn under a seed of its own.

    One thread makes them, as in DeepLabCut: what it draws from is global to the process. Nobody
    else may draw meanwhile.
    """

    def __init__(self, frames: Any, seed: int, last: int) -> None:
        """Take DeepLabCut's data set `frames`, whose `last` batch nobody asks beyond."""
        self._frames = frames
        self._seed = seed
        self._last = last
        self._maker = ThreadPoolExecutor(1, "batches")
        self._made: dict[int, Future[Batch]] = {}

    def take(self, number: int) -> Batch:
        """Return a batch.

        Raises:
            UserError: DeepLabCut does not take a frame for its size.
            InfrastructureError: a frame can't be read, or an augmenter fails.
            MemoryError: the computer has none left.
        """
        for n in range(number, min(number + _AHEAD, self._last) + 1):
            if n not in self._made:
                self._made[n] = self._maker.submit(self._make, n)
        try:
            return self._made.pop(number).result()
        except MemoryError:
            raise
        except Exception as error:
            if _TOO_SMALL_OR_LARGE in str(error):
                raise UserError(
                    f"DeepLabCut does not take a frame: {_last_line(error)}",
                    "Scale the frames, or set `global_scale`, `min_input_size` or `max_input_size`"
                    " (see `overrides`) in dlc-batch.yaml.",
                ) from error
            raise InfrastructureError(
                f"A batch of frames could not be made: {_last_line(error)}",
                "Look at the log for what was done; it may lie with a frame's file, or with the"
                " `overrides` in dlc-batch.yaml.",
            ) from error

    def close(self) -> None:
        """Make no more."""
        self._maker.shutdown(wait=False, cancel_futures=True)

    def _make(self, number: int) -> Batch:
        """Draw a batch; anew, where its scale makes frames too small or too large.

        DeepLabCut fails there, though the next scale may do.
        """
        attempt = 0
        while True:
            self._seed_draw(number, attempt)
            try:
                batch: Batch = self._frames.next_batch()
            except ValueError as error:
                attempt += 1
                if attempt == _ATTEMPTS or _TOO_SMALL_OR_LARGE not in str(error):
                    raise
            else:
                return batch

    def _seed_draw(self, number: int, attempt: int) -> None:
        draw = np.random.SeedSequence([self._seed, number, attempt]).generate_state(1)
        seed = int(draw[0]) % _LIMIT
        imgaug.seed(seed)  # first: the first time it draws from NumPy
        random.seed(seed)
        np.random.seed(seed)


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:300]
