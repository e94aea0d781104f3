"""What a lab installs: the Python API, the command line, and the local cloud."""

__version__ = "0.1.0"
