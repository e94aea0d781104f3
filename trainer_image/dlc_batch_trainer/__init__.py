"""The training program: one shuffle of one run, from the upload to the results."""
