"""Every problem that a check can find, with its cause and its remedy.

docs/problems.md is generated from this. What is found says more: the place, the names, the
numbers. Here stands what is always true of a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlc_batch_core.problems import Problem, Severity

_E, _W = Severity.ERROR, Severity.WARNING
_ZIP_ANEW = "Zip the project folder anew and upload it again."
_LABEL_ANEW = "Open the folder in DeepLabCut's labelling window and save it again."


@dataclass(frozen=True)
class Entry:
    """What is always true of a code."""

    severity: Severity
    title: str  # a few words, as a heading
    cause: str  # how it comes about, and what DeepLabCut would do
    remedy: str  # what the lab does next


def problem(code: str, where: str, what: str, remedy: str = "") -> Problem:
    """Return a problem of the catalogue: its severity, and its remedy where none is given."""
    entry = CATALOGUE[code]
    return Problem(code, where, what, remedy or entry.remedy, entry.severity)


_UPLOAD = {
    "upload-key": Entry(
        _E,
        "The key in the bucket is not that of a project",
        "Uploads lie at `uploads/<lab>/<name>.zip`; something else was put there.",
        "Upload a zip to `uploads/<lab>/<name>.zip`, or use `dlc-batch submit`.",
    ),
    "upload-gone": Entry(
        _E,
        "The upload is gone",
        "It was deleted or replaced before it could be read.",
        "Upload it again.",
    ),
    "upload-unreadable": Entry(
        _E,
        "The upload can't be read",
        "It was encrypted with a key of its own, or put into a storage class for archives.",
        "Upload it again without them, or ask your admin for the right to read it.",
    ),
    "engine-image": Entry(
        _E,
        "The stack has no image for the engine",
        "The trainer has an image for each of DeepLabCut's engines, and your admin built that of"
        " the other one only.",
        "Train with `engine: pytorch`, or ask your admin to deploy with `BuildTensorFlowImage` set"
        " to true; then upload again.",
    ),
    "budget": Entry(
        _E,
        "The lab's budget for this month has no room",
        "Your admin set what a lab may spend in a month. The most that a training may cost,"
        " On-Demand until its time limit, is reserved before it starts; what it did not need is"
        " free again when it has ended.",
        "Ask for fewer `time_limit_hours` in dlc-batch.yaml, wait until a training has ended or"
        " the month is over, or ask your admin for more (`MonthlyDollarsPerLab`); then upload"
        " again.",
    ),
    "cap-per-run": Entry(
        _E,
        "The most that a run may cost pays for no training",
        "Your admin set what a run may cost, and its shuffles share it: each is ended when its"
        " part is spent.",
        "Ask for fewer `shuffles` in dlc-batch.yaml, or ask your admin for more"
        " (`MaxDollarsPerRun`); then upload again.",
    ),
    "price-unknown": Entry(
        _E,
        "A budget is set, but the price of a computer is not known",
        "A training may run on an instance type that the table of prices does not have: what it"
        " may cost can't be told.",
        "Ask your admin to add it to the stack's parameter `Prices`, or to take the instance type"
        " out of `InstanceTypes`; then upload again.",
    ),
    "unreadable": Entry(
        _E,
        "The path can't be read",
        "There is no such file or folder, or it may not be read.",
        "Look at the path and its permissions.",
    ),
    "more-problems": Entry(
        _E,
        "There are more problems than are listed",
        "A mail and a record hold so many.",
        "Run `dlc-batch check` on the project: it lists them all.",
    ),
}

_ZIP = {
    "not-a-zip": Entry(
        _E,
        "The file is not a zip",
        "It is of another kind (.rar, .7z, .tar.gz), or its end is cut off.",
        "Zip the project folder (`zip -r project.zip project/`) and upload it anew.",
    ),
    "zip-damaged": Entry(
        _E,
        "A member of the zip is damaged",
        "It can't be unpacked, or its checksum does not fit: a broken copy or disk.",
        _ZIP_ANEW,
    ),
    "zip-unsafe-path": Entry(
        _E,
        "A member's path leads outside the project",
        "It is absolute, begins with a drive letter, or holds `..`.",
        "Zip the project folder anew, from outside of it.",
    ),
    "zip-link": Entry(
        _E,
        "A member is a link or a special file",
        "`zip -y` and some archivers store links; what they point to is not in the zip.",
        "Zip without `-y`, so that the zip holds the files themselves.",
    ),
    "zip-encrypted": Entry(
        _E, "A member is encrypted", "The zip was made with a password.", "Zip without a password."
    ),
    "zip-case-collision": Entry(
        _E,
        "Two members have the same name, case apart",
        "On macOS and Windows one of them would overwrite the other.",
        "Rename or remove one of the two.",
    ),
    "zip-compression": Entry(
        _E,
        "A member is compressed in an unusual way",
        "The archiver used LZMA, BZip2, Deflate64 or the like.",
        "Zip with the usual method, Deflate.",
    ),
    "zip-cut-off": Entry(
        _E,
        "The zip is cut off, or damaged at its end",
        "The upload or the copy was interrupted, so the list of its files is lost.",
        "Upload it again; if that does not help, zip the project folder anew.",
    ),
    "zip-special-file": Entry(
        _E,
        "A member is a device, a pipe or a socket",
        "It was in the folder that was zipped, and is no file.",
        "Remove it from the folder, and zip anew.",
    ),
    "zip-name-too-long": Entry(
        _E,
        "A member's name is too long",
        "No file system takes names or paths of this length.",
        "Give the file or its folder a short name.",
    ),
    "zip-unicode-collision": Entry(
        _E,
        "Two members have the same name, its accents written in two ways",
        "macOS and other computers write letters with accents differently.",
        "Rename or remove one of the two.",
    ),
    "zip-file-is-folder": Entry(
        _E,
        "A file and a folder have the same name",
        "One of them would overwrite the other.",
        "Rename or remove one of the two.",
    ),
    "zip-overlap": Entry(
        _E,
        "Members share their bytes",
        "No archiver makes that; a zip bomb does.",
        _ZIP_ANEW,
    ),
    "zip-ratio": Entry(
        _E,
        "The zip unpacks to far more than it holds",
        "Zip bombs do so; frames and labels do not.",
        "Save frames as PNG; if the zip is not your own, do not open it: it may be a bomb.",
    ),
    "zip-file-too-large": Entry(
        _E,
        "A file is too large",
        "No label table and no frame comes near this size.",
        "Crop or compress it, or leave it out.",
    ),
    "zip-too-large": Entry(
        _E,
        "Labels and images are too large together",
        "They have more bytes than the stack takes.",
        "Leave frames out, or ask your admin to raise MaxProjectGiB of the stack.",
    ),
    "zip-too-many-members": Entry(
        _E,
        "The zip holds too many files",
        "It lists far more files than a project has.",
        "Zip only the project: config.yaml, labeled-data and, if wanted, videos.",
    ),
    "zip-directory-too-large": Entry(
        _E,
        "The zip's directory is too large",
        "It lists far more files than a project has.",
        "Zip only the project: config.yaml, labeled-data and, if wanted, videos.",
    ),
}

_TEXT = {
    "text-encoding": Entry(
        _E,
        "A text file is not UTF-8",
        "An editor or Excel saved it in another encoding.",
        "Save it as UTF-8 in an editor.",
    ),
    "text-too-long": Entry(
        _E,
        "A text file is too large",
        "It holds much more than settings.",
        "Keep only settings in it.",
    ),
    "yaml-syntax": Entry(
        _E,
        "A YAML file can't be read",
        "Often an indentation, a tab, or a path in quotes with backslashes.",
        "Open the file in an editor and mend the line; indent with spaces, not tabs.",
    ),
    "yaml-duplicate-key": Entry(
        _E,
        "A key stands twice in a YAML file",
        "DeepLabCut stops with a DuplicateKeyError.",
        "Keep one of the two entries.",
    ),
    "yaml-tag": Entry(
        _E,
        "A YAML file holds a tag or a merge key",
        "Tags (words that start with !) can run code where they are read.",
        "Remove it: only plain YAML is read.",
    ),
    "yaml-not-a-mapping": Entry(
        _E,
        "A YAML file holds no settings",
        "It is not of the form `key: value`.",
        "Write one `key: value` a line.",
    ),
    "yaml-value": Entry(
        _E,
        "A YAML file holds an impossible value",
        "A number of more than 20 digits, or half a character.",
        "Write plain numbers and text.",
    ),
}

_PROJECT = {
    "no-project": Entry(
        _E,
        "There is no config.yaml",
        "The folder inside the project was zipped, or something else.",
        "Zip the whole project folder: the one that holds config.yaml.",
    ),
    "several-projects": Entry(
        _E,
        "There are several projects",
        "Several folders side by side hold a config.yaml.",
        "Zip and upload one project at a time.",
    ),
    "nested-project": Entry(
        _W,
        "There is a project inside the project",
        "A copy or a backup lies in a folder of the project; only the outer one is trained.",
        "Leave it out of the zip, or upload it by itself if it is the one you mean.",
    ),
    "project-3d": Entry(
        _E,
        "It is a 3D project",
        "A 3D project (`num_cameras`) has no network; that is trained in its 2D project.",
        "Zip the 2D project, with the 3D project beside or within it if you want poses in three"
        " dimensions.",
    ),
    "project-3d-beside": Entry(
        _W,
        "A 3D project is set aside",
        "There are several beside the 2D project, and which of them belongs to it can't be told:"
        " by the paths in `config_file_camera-1` and so on it is none or more than one.",
        "Leave the others out of the zip, or write `cameras` into dlc-batch.yaml.",
    ),
    "request-elsewhere": Entry(
        _W,
        "A dlc-batch.yaml lies where it is not read",
        "What is asked for stands in the folder of the project that is trained, beside its"
        " config.yaml: not above it, nor in its 3D project.",
        "Move it there, or what it says into the one that is there.",
    ),
    "project-3d-cameras": Entry(
        _W,
        "A 3D project's cameras do not add up",
        "`camera_names` and `num_cameras` differ, are missing, or hold what can't be a name.",
        "List each camera's name once in `camera_names`, and set `num_cameras` to their number; or"
        " write `cameras` into dlc-batch.yaml.",
    ),
    "engine": Entry(
        _E,
        "The engine does not exist",
        "DeepLabCut 3 has two, pytorch and tensorflow; config.yaml names another.",
        "Write `engine: pytorch` into dlc-batch.yaml beside config.yaml.",
    ),
}

_REQUEST = {
    "request-unknown-key": Entry(
        _E,
        "dlc-batch.yaml has an unknown key",
        "Often a slip of the keyboard.",
        "Use one of the keys in docs/request.md.",
    ),
    "request-value": Entry(
        _E,
        "dlc-batch.yaml has a value that is not accepted",
        "It is of the wrong type or out of range.",
        "Look up the key in docs/request.md.",
    ),
    "request-override": Entry(
        _E,
        "dlc-batch.yaml overrides what may not be set",
        "The setting could run code or name a file, or there is none of this name.",
        "Remove it; docs/request.md lists the settings that may be set.",
    ),
    "request-engine": Entry(
        _E,
        "dlc-batch.yaml has a key of the other engine",
        "PyTorch trains for `epochs`, TensorFlow for `iterations`.",
        "Write the key of the engine that trains, or remove it.",
    ),
    "weights-run": Entry(
        _E,
        "The training can't begin from the run that `weights` names",
        "A run of the lab is needed that has succeeded, with the same engine and body parts.",
        "Name another run (`dlc-batch list` shows them), or write `weights: pretrained`.",
    ),
    "network-run": Entry(
        _E,
        "A camera's views can't be seen by the network of the run that `cameras.networks` names",
        "A run of the lab is needed that has succeeded, with the same engine and with body parts"
        " of the same names.",
        "Name another run (`dlc-batch list` shows them), or remove the camera from"
        " `cameras.networks`: then this run's network sees its views.",
    ),
    "video-missing": Entry(
        _E,
        "A video to be analysed is not in the zip",
        "It was left out of the zip, or its path in `analyze_videos` has a slip of the keyboard.",
        "Add the video to the zip, name one that lies in the bucket, or remove it from the list.",
    ),
    "video-name": Entry(
        _E,
        "A video to be analysed has a name that DeepLabCut passes over",
        "Its suffix is not one of a video that DeepLabCut reads (.avi, .mp4, .mov, .mpeg, .mpg,"
        " .mpv, .mkv, .flv, .qt, .yuv), or its name holds `_labeled.` or `_full.`, as those that"
        " DeepLabCut draws itself do.",
        "Convert or rename the video, or remove it from `analyze_videos`.",
    ),
    "video-place": Entry(
        _E,
        "A video to be analysed does not lie in your lab's folder of videos",
        "A run reads videos of its own lab only, at `uploads/<lab>/videos/` of its own bucket.",
        "Put the video into `uploads/<lab>/videos/` with your lab's name, and name it there.",
    ),
    "video-too-large": Entry(
        _E,
        "A video to be analysed is too large",
        "It is larger than a whole project may be, so it may not fit on the computer's disk.",
        "Compress or cut it, or ask your admin to raise MaxProjectGiB of the stack.",
    ),
    "video-same-name": Entry(
        _W,
        "Two videos to be analysed have the same name",
        "DeepLabCut names results by the video's name without suffix: the first one is analysed,"
        " the others are left out.",
        "Rename one of the two, or put them into folders of their own.",
    ),
    "video-labeled": Entry(
        _E,
        "Labelled videos are asked for, but no video is analysed",
        "`labeled_videos` draws what `analyze_videos` found.",
        "Write `analyze_videos: true` or name videos there, or remove `labeled_videos`.",
    ),
}

_CONFIG = {
    "config-missing-key": Entry(
        _E,
        "A setting is missing in config.yaml",
        "It was deleted, or never filled in.",
        "Add it, as DeepLabCut writes it.",
    ),
    "config-value": Entry(
        _E,
        "A setting in config.yaml is of the wrong kind",
        "DeepLabCut stops with a ValidationError.",
        "Set it as DeepLabCut wrote it.",
    ),
    "config-name": Entry(
        _E,
        "A name in config.yaml can't be part of a path",
        "Task, scorer and date name files and folders; / \\ : and the like break them.",
        "Use letters, digits, - and _ only, and rename the label tables if it is the scorer.",
    ),
    "config-bodyparts": Entry(
        _E,
        "The body parts in config.yaml are no list of different names",
        "The list is empty, a name stands twice, or an entry is no name.",
        "List each body part once, one a line.",
    ),
    "config-multi-animal": Entry(
        _E,
        "config.yaml is half single-animal, half multi-animal",
        "`multianimalproject`, `bodyparts` and `multianimalbodyparts` contradict each other.",
        "Several animals: `multianimalproject: true`, `bodyparts: MULTI!` and the names in"
        " `multianimalbodyparts`. One: `multianimalproject: false` and the names in `bodyparts`.",
    ),
    "config-individuals": Entry(
        _E,
        "The individuals in config.yaml are no list of different names",
        "The list is empty, or names one twice, or `single`, which DeepLabCut keeps for itself.",
        "List each animal once, one a line, and none as `single`.",
    ),
    "config-training-fraction": Entry(
        _E,
        "The train fraction can't be used",
        "DeepLabCut names folders by whole percents; 0 and 1 leave one side empty.",
        "Write a number between 0 and 1 with two decimals, such as `TrainingFraction: [0.95]`.",
    ),
    "net-type": Entry(
        _E,
        "The network does not exist for the engine",
        "A slip of the keyboard, or the network of another engine or version.",
        "Set `net_type` in dlc-batch.yaml to a network of the engine, such as resnet_50.",
    ),
    "net-type-project": Entry(
        _E,
        "The network does not fit the project",
        "Some networks know one animal only, or neither unique body parts nor identity.",
        "Set `net_type` in dlc-batch.yaml to a network that fits.",
    ),
    "video-without-labels": Entry(
        _W,
        "A video has no labels",
        "It stands in `video_sets`, but labeled-data has no table for it.",
        "Nothing, if you did not label it; else add its folder to labeled-data.",
    ),
}

_LABELS = {
    "no-labels": Entry(
        _E,
        "There are no labelled data",
        "The folder labeled-data is missing or empty.",
        "Label frames in DeepLabCut, and zip the folder labeled-data too.",
    ),
    "no-label-table": Entry(
        _E,
        "There is no label table",
        "No folder of labeled-data holds `CollectedData_<scorer>.csv`.",
        "Save the labels in DeepLabCut; the .csv is needed, the .h5 is not.",
    ),
    "label-scorer": Entry(
        _E,
        "The labels are of another scorer than config.yaml's",
        "The scorer was renamed, or someone else labelled; DeepLabCut skips such folders.",
        "Set `scorer` in config.yaml to the name in the labels' files, or rename the files.",
    ),
    "label-table-lost": Entry(
        _E,
        "A folder's labels would be lost",
        "It holds labels, but no table of config.yaml's scorer as .csv; DeepLabCut skips it.",
        "Save its labels in DeepLabCut (as .csv too), rename the file, or remove the folder.",
    ),
    "label-table-unused": Entry(
        _W,
        "A folder holds a second label table",
        "Only the table of config.yaml's scorer is trained on: another is a copy, or lost.",
        "Merge what you need into one table, and remove the other.",
    ),
    "labels-too-large": Entry(
        _E,
        "The label tables are too large",
        "They hold more cells than any project that we know of.",
        "Keep in labeled-data only the tables that are to be trained on.",
    ),
    "label-table-csv": Entry(
        _E,
        "A label table is not a CSV table",
        "It is empty, or saved in another format (semicolons, tabs, a spreadsheet's own).",
        "Save it as CSV with commas, or save the labels in DeepLabCut again.",
    ),
    "label-table-headers": Entry(
        _E,
        "A label table's header is not DeepLabCut's",
        "It begins with the rows scorer, (individuals,) bodyparts and coords; a row is missing.",
        _LABEL_ANEW,
    ),
    "label-table-columns": Entry(
        _E,
        "A label table's columns are not pairs of x and y",
        "A column was deleted or moved, or a row has more cells than the header.",
        _LABEL_ANEW,
    ),
    "label-column-twice": Entry(
        _E,
        "A label table has the same body part twice",
        "Columns were copied, or two body parts were given one name.",
        "Remove or rename one of the two, in the table and in config.yaml.",
    ),
    "label-number": Entry(
        _E,
        "A label is not a number",
        "A decimal comma, a word, or infinity stands where pixels belong.",
        "Write the number with a decimal point, or empty the cells if the part is not visible.",
    ),
    "label-half": Entry(
        _E,
        "A label has x without y, or y without x",
        "A cell was emptied by hand; DeepLabCut drops the label silently.",
        "Fill both cells, or empty both.",
    ),
    "label-index": Entry(
        _E,
        "A label table names its images in ways that contradict each other",
        "Rows of several tables or videos were merged by hand.",
        "Keep in each folder's table only the rows of its own images, in one form.",
    ),
    "label-row-twice": Entry(
        _E,
        "A frame is labelled twice, differently",
        "Tables were merged; which of the two rows is right can't be told.",
        "Keep one of the rows.",
    ),
    "label-individuals-row": Entry(
        _E,
        "A label table is of the other kind than the project",
        "Multi-animal tables have a row `individuals`, single-animal tables have none.",
        "Set `multianimalproject` as the tables are, or convert them (convert2_maDLC).",
    ),
    "label-individuals": Entry(
        _E,
        "The individuals of the labels are not config.yaml's",
        "An animal was renamed; DeepLabCut stops with a KeyError or drops its labels.",
        "Make `individuals` and `uniquebodyparts` in config.yaml those of the tables.",
    ),
    "bodypart-not-in-tables": Entry(
        _E,
        "A body part of config.yaml is in no label table",
        "It was added or renamed after labelling; DeepLabCut stops with a word on dimensions.",
        "Label it, or remove it from config.yaml.",
    ),
    "bodypart-not-in-config": Entry(
        _E,
        "A labelled body part is not in config.yaml",
        "It was removed or renamed there; DeepLabCut drops its labels silently.",
        "Add it to config.yaml, or delete its columns from the tables.",
    ),
    "too-few-labels": Entry(
        _E,
        "There are fewer than two labelled frames",
        "One part of the frames trains the network, the other scores it.",
        "Label more frames.",
    ),
    "few-frames": Entry(
        _W,
        "There are few labelled frames",
        "DeepLabCut's authors advise 100 to 200 frames, of varied behaviour.",
        "Label more frames if the scores disappoint.",
    ),
    "one-video": Entry(
        _W,
        "All frames are of one video",
        "The network may not work on another animal, session or light, and no score shows it.",
        "Label frames of several videos.",
    ),
    "table-without-labels": Entry(
        _W,
        "A label table has no label",
        "Its rows are there, but every cell is empty.",
        "Label the folder, or remove it.",
    ),
    "bodypart-never-labelled": Entry(
        _W,
        "A body part is never labelled",
        "It stands in config.yaml and in the tables, without one label: it can't be learned.",
        "Label it, or remove it from config.yaml and the tables.",
    ),
    "bodypart-rarely-labelled": Entry(
        _W,
        "A body part is rarely labelled",
        "With so few examples it will be found badly, and its score means little.",
        "Label it in more frames.",
    ),
    "left-right-swapped": Entry(
        _W,
        "Left and right may be swapped",
        "In a few frames the left and the right part lie the other way round than in the others.",
        "Look at the frames, and swap the two labels where they are wrong.",
    ),
    "rows-nearly-same": Entry(
        _W,
        "Frames have nearly the same labels",
        "They were extracted too close in time: little is learned, and the score flatters.",
        "Extract frames that differ (DeepLabCut's k-means), and remove the doubles.",
    ),
}

_IMAGES = {
    "no-images": Entry(
        _E,
        "A folder has labels, but no image",
        "The images were left out of the zip.",
        "Zip the labelled images with the labels.",
    ),
    "image-missing": Entry(
        _E,
        "A labelled image is missing",
        "It was deleted or renamed; DeepLabCut stops after the GPU has started.",
        "Add the image, or remove its row from the table.",
    ),
    "image-case": Entry(
        _E,
        "A labelled image is there in other case only",
        "Linux tells IMG1.PNG from img1.png; Windows and macOS do not.",
        "Rename the image as the table has it.",
    ),
    "image-unreadable": Entry(
        _E,
        "A labelled image is no image",
        "It is empty, cut off, or of another format than its name says.",
        "Extract the frame again, or remove its row from the table.",
    ),
    "label-outside-image": Entry(
        _W,
        "A label lies outside its image",
        "The image was cropped or scaled after labelling, or the label slipped: it is left out.",
        "Correct the label; if the images were scaled, scale the labels too.",
    ),
    "image-sizes-mixed": Entry(
        _E,
        "The images have several sizes, and training does not crop",
        "Frames of a batch must be equal: DeepLabCut stops with a word on stacks of tensors.",
        "Leave cropping on, or set `batch_size: 1` in dlc-batch.yaml.",
    ),
    "image-size-tensorflow": Entry(
        _E,
        "An image is outside TensorFlow's size limits",
        "DeepLabCut's TensorFlow engine hangs for ever on frames below 64 x 64 pixels in area, or"
        " above 1500 x 1500.",
        "Train with `engine: pytorch`, or scale the videos and label anew.",
    ),
    "frames-not-labelled": Entry(
        _W,
        "A folder has images, but no labels",
        "The frames were extracted and never labelled.",
        "Label them if you want them trained on.",
    ),
}

#: Where a 3D project alone names the cameras, each of them is a warning.
_CAMERAS = {
    "cameras-names": Entry(
        _E,
        "The cameras have no names",
        "`cameras` in dlc-batch.yaml names none, and there is no 3D project that does,"
        " or it can't be used.",
        "Add `names` to `cameras`, such as `names: [camera-1, camera-2]`.",
    ),
    "cameras-not-asked": Entry(
        _W,
        "Calibration images are there, and no cameras are named",
        "Without `cameras` in dlc-batch.yaml, and without a 3D project beside the project, nothing"
        " is put in space.",
        "For poses in space, add `cameras: {names: [camera-1, camera-2]}`; else nothing, or"
        " `triangulate: false`.",
    ),
    "cameras-calibration": Entry(
        _E,
        "The calibration is not there",
        "The folder has neither calibration images nor calibration videos, or the file of a"
        " calibration was left out.",
        "Add it to the project, or name another place in `cameras.calibration`.",
    ),
    "camera-without-images": Entry(
        _E,
        "A camera has no calibration image, or video",
        "No file has the camera's name in its own, or in its folder's, as a word of its own:"
        " `left` is in left01.jpg and in left/01.jpg, and not in upleft01.jpg. Videos count only"
        " where the folder has no image.",
        "Add its images, or its video; or correct `cameras.names`.",
    ),
    "cameras-apart": Entry(
        _E,
        "A camera shares no moment with the others",
        "Where a camera stands is told by the board that it and another camera see at once: by"
        " images, or videos, whose names differ by the camera's name only.",
        "Add images of the board that are taken by both cameras at the same moment, or videos that"
        " ran at the same time, and name them alike.",
    ),
    "cameras-too-few-moments": Entry(
        _E,
        "There are too few calibration images",
        "The board must be seen by two or more cameras at three moments at least.",
        "Take more images: twenty moments or more, the board at all places, distances and tilts.",
    ),
    "cameras-few-moments": Entry(
        _W,
        "There are few calibration images",
        "With fewer than eight moments one bad image spoils the calibration.",
        "Take more images: twenty moments or more, the board at all places, distances and tilts.",
    ),
    "cameras-too-many-images": Entry(
        _E,
        "There are too many calibration images",
        "All frames of a video were exported, it seems: a hundred that differ tell as much.",
        "Keep some dozens of moments, the board at all places, distances and tilts.",
    ),
    "camera-image-alone": Entry(
        _W,
        "Calibration images, or videos, have no partner",
        "No other camera has one of the same name, but for the camera's. What they show of"
        " their own camera still counts.",
        "Nothing, if the others did not see the board; else add or rename the missing images.",
    ),
    "camera-image-unknown": Entry(
        _W,
        "Calibration images, or videos, are of no camera",
        "Their names, and their folders', hold no camera's name as a word of its own: they are"
        " left out.",
        "Rename or remove them, or correct `cameras.names`.",
    ),
    "camera-image-twice": Entry(
        _W,
        "Two calibration images, or videos, are one view",
        "They differ in suffix, case or zeros before a number only; the first one is taken.",
        "Remove or rename one of the two.",
    ),
    "cameras-board": Entry(
        _W,
        "The calibration board is not described in full",
        "DeepLabCut's config.yaml does not tell it. Without the number of corners DeepLabCut's own"
        " is tried; without the size of a square lengths come in squares, not in millimetres.",
        "Write `cameras: {board: {columns: 9, rows: 6, square_mm: 25}}` into dlc-batch.yaml, with"
        " the inner corners of your board.",
    ),
    "triangulate-nothing": Entry(
        _W,
        "Nothing will be triangulated",
        "That needs videos that are analysed, of two cameras at least, whose names differ by the"
        " camera's name only.",
        "Name the videos alike, but for the camera's name; or write `triangulate: false`.",
    ),
    "video-of-calibration": Entry(
        _E,
        "A calibration video is to be analysed",
        "`analyze_videos` names a video by which the cameras are calibrated: it shows a board.",
        "Take it out of `analyze_videos`; one that shows the animal too goes into another folder,"
        " as a copy.",
    ),
    "video-without-partner": Entry(
        _W,
        "A video has no partner",
        "It has a camera's name, but no video of another camera is named alike: it is analysed,"
        " and not triangulated.",
        "Add or rename the other cameras' videos, if there are any.",
    ),
}

_NEW_IMAGES = (
    "Take 15 to 40 images from each camera, at the same time: the board near and far, in the"
    " middle and in each corner of the image, and tilted by 30 degrees this way and that."
)
_CALIBRATION = {
    "calibration-board": Entry(
        _E,
        "There can be no such board",
        "A chessboard is told by its inner corners and the side of a square; a ChArUco board by"
        " its squares, the sides of a square and of a marker, and the dictionary of the markers.",
        "Count again, measure in millimetres, and write what you find.",
    ),
    "calibration-cameras": Entry(
        _E,
        "Fewer than two cameras, or one of them has no images",
        "A point in space is found from two views or more.",
        "Give each camera its calibration images or its calibration video.",
    ),
    "calibration-unreadable": Entry(
        _W,
        "Calibration images or videos can't be read",
        "They are damaged, empty, or of another kind than their names say. They are left out.",
        "Export or copy them anew, or remove them.",
    ),
    "calibration-sizes": Entry(
        _E,
        "A camera's calibration images, or videos, have several sizes",
        "Some were cropped or scaled, or are another camera's: a calibration holds for one size.",
        "Export them again, all as the camera records in the experiment.",
    ),
    "calibration-other-size": Entry(
        _W,
        "A camera's labelled frames have another form than its calibration images",
        "Width and height stand to each other otherwise: the frames, or the images, were cropped,"
        " or recorded with another setting of the camera. If its videos are so too, their poses"
        " are not put in space. A size that differs by one factor does no harm.",
        "Calibrate with images as the camera records in the experiment; nothing needs to be done"
        " if only the labelled frames were cropped, and the videos were not.",
    ),
    "calibration-videos-differ": Entry(
        _W,
        "Calibration videos of one recording differ in length or rate",
        "Frames of the same number are taken for the same moment, as far as the shortest video"
        " goes.",
        "Nothing, if the cameras were triggered together and one went on for longer; else film"
        " anew, or cut the videos so that they begin together, at one rate.",
    ),
    "calibration-same-picture": Entry(
        _E,
        "Two cameras have the same picture",
        "An image was copied under the name of another camera.",
        "Give each camera its own images.",
    ),
    "calibration-twice": Entry(
        _W,
        "A calibration image is there twice",
        "It was copied under another name. It counts once.",
        "Remove the copy.",
    ),
    "calibration-blurred": Entry(
        _W,
        "Calibration images are blurred",
        "The board moved, or was out of focus. They are left out.",
        "Hold the board still, and take more light.",
    ),
    "calibration-not-found": Entry(
        _W,
        "The board was not found in some images",
        "It is not all in the image (a chessboard must be, with a white border), too small, too"
        " dark, or hidden in part. They are left out.",
        "Nothing needs to be done while enough are left.",
    ),
    "calibration-other-board": Entry(
        _E,
        "The images show another board than the one that is told",
        "A chessboard is told by its inner corners, one less than squares each way.",
        "Correct the kind of the board, or the number of its columns and rows; or give the camera"
        " the images of this board.",
    ),
    "calibration-few-views": Entry(
        _E,
        "A camera has too few views of the board",
        "What counts is each place of the board that differs from the others, in images in which"
        " it was found.",
        _NEW_IMAGES,
    ),
    "calibration-coverage": Entry(
        _E,
        "The board is only in a small part of a camera's images",
        "Distortion and principal point can't be told from a corner of the image.",
        _NEW_IMAGES,
    ),
    "calibration-coverage-low": Entry(
        _W,
        "The board leaves much of a camera's image out",
        "Where it never was, distortion is a guess, and so are the points that are found there.",
        "Take more images, with the board where the animal will be, and in the corners.",
    ),
    "calibration-undetermined": Entry(
        _E,
        "The focal length can't be told",
        "The board is parallel to the image in every view, or always at the same angle: then a"
        " longer lens and a board further away look the same.",
        _NEW_IMAGES,
    ),
    "calibration-implausible": Entry(
        _E,
        "A camera's calibration can't be true",
        "The focal length or the principal point is far from that of any lens, or the distortion"
        " folds the image: some views are wrong, or there are too few of them.",
        _NEW_IMAGES,
    ),
    "calibration-view-out": Entry(
        _W,
        "Views that do not fit the others were left out",
        "Corners were found in the wrong places, the board was bent, or it moved.",
        "Look at these images; nothing needs to be done while enough are left.",
    ),
    "calibration-pair-out": Entry(
        _W,
        "Images of the same number were not taken at the same time",
        "By these images the cameras would stand to each other otherwise than by the rest: the"
        " board moved between them, their numbers differ, or their cameras' names are swapped."
        " They are left out.",
        "Look at these images; nothing needs to be done while enough are left.",
    ),
    "calibration-pairs": Entry(
        _E,
        "The cameras' images, or videos, do not belong together",
        "Most images of the same number put the cameras elsewhere than the others, or all of them"
        " by a little: the videos do not run together, the images are numbered otherwise, or a"
        " camera was moved.",
        "Start the cameras together, or tell the videos' `offsets`; number the images alike, and"
        " keep the cameras where they are from the calibration to the end of the experiment.",
    ),
    "calibration-together": Entry(
        _W,
        "The cameras fit worse together than each alone",
        "The board moved a little between the images of one moment: videos lag by a frame or two,"
        " or images were taken one after the other. Then the cameras' distance is wrong by more"
        " than its standard error.",
        "Trigger the cameras together, or tell the videos' `offsets`; or hold the board still.",
    ),
    "calibration-apart": Entry(
        _E,
        "Cameras never see the board at the same time",
        "Cameras are put into one world by boards that two of them see at once, which must link"
        " them all.",
        "Take images in which two neighbouring cameras see the board, for each two neighbours.",
    ),
    "calibration-error": Entry(
        _E,
        "The reprojection error is too large",
        "The corners of the board are seen elsewhere than the calibration says: the board is bent,"
        " its squares are not square, or the lens is not of the modelled kind (a fisheye).",
        "Glue the board on something flat, see that it was printed without scaling, and take the"
        " images anew.",
    ),
    "calibration-uncertain": Entry(
        _W,
        "The cameras' distance is uncertain",
        "Its standard error is above 1 %: too few boards were seen by two cameras at once.",
        "Take more images in which two cameras see the board.",
    ),
    "calibration-unchecked": Entry(
        _W,
        "The cameras were not calibrated here",
        "A calibration needs OpenCV and SciPy, which an installation for 2D projects has not. The"
        " training calibrates them all the same.",
        "`pip install '.[cameras]'` where dlc-batch is installed, and check again.",
    ),
    "calibration-names": Entry(
        _E,
        "The calibration file has no camera of a name",
        "The cameras of Anipose's files and ours have names, which must be those of"
        " `cameras.names`: by them videos are told apart. The file may have more cameras.",
        "Name the cameras in the file as in `cameras.names`, letter by letter.",
    ),
    "calibration-file": Entry(
        _E,
        "The calibration file can't be used",
        "It is not one of dlc-batch (.json), Anipose (.toml) or OpenCV (.yaml, .yml, .xml), or"
        " lacks what a calibration needs.",
        "Export it anew, or give the calibration images instead.",
    ),
}

CATALOGUE: Mapping[str, Entry] = {
    **_UPLOAD,
    **_ZIP,
    **_TEXT,
    **_PROJECT,
    **_REQUEST,
    **_CONFIG,
    **_LABELS,
    **_IMAGES,
    **_CAMERAS,
    **_CALIBRATION,
}
#: Of what the admin lets a lab spend, not of the project.
ABOUT_MONEY = frozenset({"budget", "cap-per-run", "price-unknown"})
#: The groups, as the documentation shows them.
CHAPTERS: Mapping[str, Mapping[str, Entry]] = {
    "The upload": {**_UPLOAD, **_ZIP},
    "Text and YAML": _TEXT,
    "The project": _PROJECT,
    "The request": _REQUEST,
    "config.yaml": _CONFIG,
    "Labels": _LABELS,
    "Images": _IMAGES,
    "Cameras": _CAMERAS,
    "Calibration of cameras": _CALIBRATION,
}
