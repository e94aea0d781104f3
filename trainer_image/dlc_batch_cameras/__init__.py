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
of_project     the cameras of a lab's project

projecting     where points are seen, with derivatives
epipolar       how well two views agree
fitting        points of least reprojection error, and their Cramér-Rao bound
noise          the error of a prediction in pixels
consensus      which views of a point agree
triangulation  points in space, each with its covariance
limbs          limbs keep their length
smoothing      animals move smoothly
synchronising  videos that did not begin together
knocks         cameras that were moved
reconstruction all of these in order
quality        how far to believe it
poses          the .npz file
dlc_files      DeepLabCut's own 3D files
"""
