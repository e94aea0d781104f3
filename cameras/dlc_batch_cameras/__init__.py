"""Poses in three dimensions: cameras calibrated, and what they see put together.

camera         one camera, and a group of them
"""
