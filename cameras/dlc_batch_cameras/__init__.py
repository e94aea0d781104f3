"""Poses in three dimensions: cameras calibrated, and what they see put together.

camera         one camera, and a group of them

board          what is printed on the calibration board
detection      its corners in a picture
sightings      what cameras saw of it in their calibration images
sampling       and in their calibration videos
choosing       of hundreds of boards those that differ
intrinsics     each camera by itself
pairs          how two cameras stand to each other
rig            all cameras in one world
bundle         the bundle adjustment, and the covariance of what it finds
judging        whether it can be good
calibration    all of these in order
calibration_file, foreign_files, stated
               ours as JSON; Anipose's and OpenCV's
motions        rigid motions as six numbers
"""
