"""What the environment may change about a local cloud, read once by the server."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

# The image that `local up` passes as the template's TrainerImage: it means "the trainer of this
# checkout, run by this Python", so that no container engine is needed.
TRAINER_IMAGE = "local/trainer"
# Likewise with DeepLabCut's TensorFlow engine, which needs an environment of its own.
TENSORFLOW_IMAGE = "local/trainer-tensorflow"

# AWS gives a container 30 seconds between SIGTERM and SIGKILL.
KILL_GRACE_S = 30.0

# Passed on to the server and its child processes. Everything else of the caller's environment
# stays outside: it may hold AWS credentials and other secrets, which in the cloud no function
# and no job would see.
_PASSED_ON = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "HF_HOME",
    "TORCH_HOME",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "CONTAINERS_CONF",
}
_PASSED_ON_PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "OPENBLAS_", "TF_", "DLC_BATCH_")
_LOCAL_HOSTS = "127.0.0.1,localhost"


@dataclass(frozen=True)
class BatchSettings:
    """How the local cloud runs Batch jobs."""

    # One at a time: a GPU instance holds one job, and this computer is one machine.
    jobs_at_once: int = 1
    kill_grace_s: float = KILL_GRACE_S
    # Of the time limits of jobs and queues, which AWS has no shorter than a minute, or ten.
    time_scale: float = 1.0
    # Image to the command that stands for it; its container's command is appended.
    images: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "BatchSettings":
        """DLC_BATCH_LOCAL_JOBS, DLC_BATCH_LOCAL_KILL_GRACE (seconds), DLC_BATCH_LOCAL_TIME_SCALE
        and DLC_BATCH_LOCAL_IMAGES (a JSON object: image to a list, or a string split as a shell
        would)."""
        images = json.loads(environment.get("DLC_BATCH_LOCAL_IMAGES") or "{}")
        return cls(
            jobs_at_once=max(1, int(environment.get("DLC_BATCH_LOCAL_JOBS") or 1)),
            kill_grace_s=float(environment.get("DLC_BATCH_LOCAL_KILL_GRACE") or KILL_GRACE_S),
            time_scale=float(environment.get("DLC_BATCH_LOCAL_TIME_SCALE") or 1),
            images={k: shlex.split(v) if isinstance(v, str) else v for k, v in images.items()},
        )


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What of `environment` a process of the local cloud may see."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    others = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    without_proxy = ",".join(filter(None, [others, _LOCAL_HOSTS]))
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
