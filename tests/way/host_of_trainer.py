"""python host_of_trainer.py SETTINGS ...: the trainer as its image runs it, on a host of a test's.

SETTINGS is a JSON file, read as each attempt starts: variables of the environment. So a test can
put a proxy between the trainer and S3, or give it a small disk, and the product knows nothing.
"""

import json
import os
import sys
from pathlib import Path

settings, *arguments = sys.argv[1:]
os.environ |= json.loads(Path(settings).read_text())
os.execv(sys.executable, [sys.executable, "-m", "dlc_batch_trainer", *arguments])
