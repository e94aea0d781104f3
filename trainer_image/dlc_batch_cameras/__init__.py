"""Poses in three dimensions: cameras calibrated, and what they see put together.

camera         one camera, and a group of them
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
