"""What the training process tells its watcher."""

import io
import json
import os

from dlc_batch_trainer.channel import Channel


def test_what_follows_a_resume_at_once_is_of_the_iteration_it_goes_on_from() -> None:
    """A checkpoint made just before a display interval: it is told before any step."""
    events = io.StringIO()
    listened_to, _open = os.pipe()  # its other end stays open: the channel's process ends without
    channel = Channel(events, os.fdopen(listened_to))
    channel.phase(4, step=10, steps=200)
    channel.epoch("pose", 0, 0, {"total_loss": 0.5}, {}, 0.001)
    told = json.loads(events.getvalue().splitlines()[-1])
    assert (told["step"], told["steps"]) == (10, 200)
