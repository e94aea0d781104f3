"""Poses in space: the views of a recording put together, and what shows them."""
