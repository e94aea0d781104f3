"""What a lab installs: the Python API, the command line, and the local cloud."""

__version__ = "0.1.0"

#: Names the user's lab: who may see one lab's runs only must say which.
LAB_VARIABLE = "DLC_BATCH_LAB"
