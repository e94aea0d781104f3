"""The report of a training: one page that needs nothing but itself, and its figures as files.

`python -m dlc_batch_trainer.report` makes it of what lies in results/, in a process of its own,
when the results are safe; and once more when videos were analysed after the training.

material     what is known: run.json, evaluation.json, the points, the frames, the notes
facts        what the rules of the verdict judge by
scale        what an error is measured against
grade        how far off is good
findings     all rules, with their reasons
verdict      how good the network is, in words
curve        how loss and validation error went
next_frames  what is worth labelling next, as DeepLabCut takes it
space        poses in space, of recordings that several cameras saw
cost         the hours, and what they cost as far as it can be known here
drawing      how a figure becomes a PNG file and a part of the page that follows its colours
figures      the figures
pictures     the worst test frames, label and prediction drawn
task         which report to make, and what it leaves
page         the page: page.html.j2 and page.css
"""

REPORT_FILE = "report.html"
VERDICT_FILE = "verdict.json"
FIGURE_FOLDER = "figures"
