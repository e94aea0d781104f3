"""Mutated archives, settings, label tables and images, put through the check."""
