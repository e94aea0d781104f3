"""The container of a job as podman and docker are asked for it: what its job definition says, and
no more rights than a program needs that trains."""

import subprocess
from collections.abc import Mapping
from typing import Any

# For what takes no image (`info`, `kill`); the engine is slow to answer while it stores an image.
ENGINE_ANSWERS_S = 60
# A user other than root has no capabilities in the cloud either, where Docker's own stay allowed.
_NO_MORE_RIGHTS = ("--cap-drop", "all", "--security-opt", "no-new-privileges")
# The local cloud listens on 127.0.0.1 alone.
_NETWORK = ("--network", "host")


def run_arguments(properties: Mapping[str, Any]) -> list[str]:
    """What `podman run` or `docker run` is given for the containerProperties of a job.

    CPUs and GPUs are left out: Batch chooses a host by them, and here there is one.
    """
    linux = properties.get("linuxParameters") or {}
    arguments = [*_NETWORK, *_NO_MORE_RIGHTS, *_memory(properties), *_mounts(properties)]
    if user := properties.get("user"):
        arguments += ["--user", str(user)]
    if properties.get("readonlyRootFilesystem"):
        arguments.append("--read-only")
    if linux.get("initProcessEnabled"):
        arguments.append("--init")
    if size := linux.get("sharedMemorySize"):
        arguments += ["--shm-size", f"{size}m"]
    return arguments


def _memory(properties: Mapping[str, Any]) -> list[str]:
    """MiB in the definition. No swap besides: the hosts of Batch have none."""
    for requirement in properties.get("resourceRequirements") or []:
        if requirement["type"] == "MEMORY":
            limit = f"{requirement['value']}m"
            return ["--memory", limit, "--memory-swap", limit]
    return []


def _mounts(properties: Mapping[str, Any]) -> list[str]:
    """A volume without a place on the host is the engine's own, and goes with its container."""
    volumes = {volume["name"]: volume for volume in properties.get("volumes") or []}
    arguments = []
    for point in properties.get("mountPoints") or []:
        place = (volumes[point["sourceVolume"]].get("host") or {}).get("sourcePath")
        mount = ":".join(filter(None, [place, point["containerPath"]]))
        arguments += ["--volume", f"{mount}:ro" if place and point.get("readOnly") else mount]
    return arguments


def kill_container(engine: str, name: str) -> None:
    """Killing the engine's client leaves its container running; this ends that too."""
    subprocess.run(  # noqa: S603 - the engine found on PATH, a name that we made
        [engine, "kill", name], capture_output=True, check=False, timeout=ENGINE_ANSWERS_S
    )
