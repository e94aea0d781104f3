"""Where a local cloud keeps what it has: its home directory."""

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "DLC_BATCH_HOME"


@dataclass(frozen=True)
class Home:
    """The directory of one local cloud, and the name of each thing in it."""

    path: Path

    @property
    def cloud_file(self) -> Path:
        """What a client needs to know about the cloud (`cloud.LocalCloud`)."""
        return self.path / "cloud.json"

    @property
    def up_lock(self) -> Path:
        """Held while `up`, `down` or `reset` work, so that two cannot at once."""
        return self.path / "up.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server as long as it lives; its text is the server's process id."""
        return self.path / "server.lock"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def build(self) -> Path:
        """Function artifacts and the functions' Python: made again when missing."""
        return self.path / "build"

    @property
    def state(self) -> Path:
        """What lies in the cloud: the emulator's state and the bodies of S3 objects."""
        return self.path / "state"

    @property
    def jobs(self) -> Path:
        """A scratch directory for each running Batch job."""
        return self.path / "jobs"


def checkout() -> Path | None:
    """The repository this package runs from, or None when it is installed."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "src" / "dlc_batch" / "local").is_dir() else None


def default_home() -> Home:
    """The home named by DLC_BATCH_HOME, else the checkout's, else the user's."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Home(Path(named).expanduser().absolute())
    root = checkout()
    if root:
        return Home(root / ".local-cloud")
    return Home(Path.home() / ".dlc-batch" / "local-cloud")
