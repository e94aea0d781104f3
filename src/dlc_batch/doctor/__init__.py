"""The doctor of a deployment: what is wrong with a stack, where, and how to mend it."""
