"""Faults and oddities of config.yaml and dlc-batch.yaml."""

from __future__ import annotations

from tests.corpus.case import Native, case
from tests.corpus.drafts import (
    BODY_PARTS,
    VIDEOS,
    Draft,
    multi,
    single,
    tensorflow,
    three_d,
)

CONFIG = "config.yaml"
REQUEST = "dlc-batch.yaml"


def _refused(kind: str, says: str) -> Native:
    return Native(raises=kind, says=says, at="convert")


def _fails(kind: str, says: str) -> Native:
    return Native(raises=kind, says=says, at="create")


@case(single)
def good_project_of_one_animal(_: Draft) -> None:
    pass


@case(multi)
def good_project_of_two_animals(_: Draft) -> None:
    pass


@case(tensorflow)
def good_project_for_tensorflow(_: Draft) -> None:
    pass


@case(three_d, ("project-3d", CONFIG))
def good_project_in_3d(_: Draft) -> None:
    pass


@case(tensorflow)
def tensorflow_project_that_asks_for_pytorch(draft: Draft) -> None:
    draft.files[REQUEST] = b"engine: pytorch\n"


@case(single, mended="video_sets_original", native=_refused("ValidationError", "extra"))
def key_of_an_older_version(draft: Draft) -> None:
    draft.set(video_sets_original={})


@case(single, mended="bboxes_pcutoff", native=_refused("ValidationError", "bboxes_pcutoff"))
def key_of_another_version(draft: Draft) -> None:
    draft.set(bboxes_pcutoff=0.6)


@case(single, mended="Task", native=_refused("ValidationError", "Task"))
def task_that_is_a_number(draft: Draft) -> None:
    draft.set(Task=7)


@case(single, mended="date", native=_refused("ValidationError", "date"))
def date_that_yaml_takes_for_a_date(draft: Draft) -> None:
    draft.replace(CONFIG, "date: Nov1", "date: 2019-11-01")


@case(single, mended="scorer", native=_refused("ValidationError", "scorer"))
def scorer_that_is_a_number(draft: Draft) -> None:
    draft.set(scorer=7)
    for video in VIDEOS:
        table = draft.files.pop(f"labeled-data/{video}/CollectedData_ada.csv")
        changed = table.replace(b",ada", b",7")
        draft.files[f"labeled-data/{video}/CollectedData_7.csv"] = changed


@case(single, mended="engine", native=_refused("ValidationError", "engine"))
def engine_in_capitals(draft: Draft) -> None:
    draft.set(engine="PyTorch")


@case(single, mended="pcutoff", native=_refused("ValidationError", "pcutoff"))
def cosmetic_setting_of_the_wrong_type(draft: Draft) -> None:
    draft.set(pcutoff="high")


@case(single, mended="dotsize", native=_refused("ValidationError", "dotsize"))
def dot_size_in_words(draft: Draft) -> None:
    draft.set(dotsize="large")


@case(single, ("yaml-duplicate-key", CONFIG), native=_refused("DuplicateKeyError", "iteration"))
def key_written_twice(draft: Draft) -> None:
    draft.files[CONFIG] += b"iteration: 1\n"


@case(single, ("yaml-syntax", CONFIG), native=_refused("ScannerError", "cannot start"))
def config_indented_with_a_tab(draft: Draft) -> None:
    draft.files[CONFIG] += b"skeleton_color:\n\tblack\n"


@case(single, ("yaml-tag", CONFIG), native=_refused("ConstructorError", "tag"))
def config_with_a_python_tag(draft: Draft) -> None:
    draft.files[CONFIG] += b"skeleton_color: !!python/object/apply:os.getcwd []\n"


@case(single, ("text-encoding", CONFIG), native=_refused("UnicodeDecodeError", "codec"))
def config_in_latin_1(draft: Draft) -> None:
    draft.files[CONFIG] += "skeleton_color: grün\n".encode("latin-1")


@case(single, ("text-encoding", CONFIG), native=_refused("UnicodeDecodeError", "codec"))
def config_in_utf_16(draft: Draft) -> None:
    draft.files[CONFIG] = draft.files[CONFIG].decode().encode("utf-16")


@case(single)
def config_with_a_byte_order_mark(draft: Draft) -> None:
    draft.files[CONFIG] = b"\xef\xbb\xbf" + draft.files[CONFIG]


@case(single, ("config-missing-key", CONFIG), native=Native(raises="KeyError", at="create"))
def no_body_parts(draft: Draft) -> None:
    draft.drop("bodyparts")


@case(
    single,
    ("config-missing-key", CONFIG),
    native=Native(frames=0, of=60, says="No data was found"),
)
def no_scorer(draft: Draft) -> None:
    draft.drop("scorer")


@case(single, ("config-missing-key", CONFIG))
def no_date(draft: Draft) -> None:
    draft.drop("date")


@case(single, native=Native(frames=0, of=60, says="No data was found"))
def no_video_sets(draft: Draft) -> None:
    draft.drop("video_sets")


@case(single)
def no_iteration(draft: Draft) -> None:
    draft.drop("iteration")


@case(single, ("config-bodyparts", CONFIG), native=_refused("ValidationError", "unique"))
def body_part_listed_twice(draft: Draft) -> None:
    draft.set(bodyparts=[*BODY_PARTS, "snout"])


@case(single, ("bodypart-not-in-tables", CONFIG), native=_fails("ValueError", "dimensions"))
def body_part_that_no_table_has(draft: Draft) -> None:
    draft.set(bodyparts=[*BODY_PARTS, "whisker"])


@case(single, ("bodypart-not-in-config", CONFIG), native=Native(points=180, of=240))
def body_part_of_the_tables_left_out_of_config(draft: Draft) -> None:
    draft.set(bodyparts=list(BODY_PARTS[:3]))


@case(
    single,
    ("config-training-fraction", CONFIG),
    native=Native(raises="FileNotFoundError", says="pytorch_config.yaml is not found", at="load"),
)
def train_fraction_of_three_decimals(draft: Draft) -> None:
    draft.set(TrainingFraction=[0.955])


@case(
    single,
    ("config-training-fraction", CONFIG),
    native=Native(raises="ValueError", says="No data in test split", at="load"),
)
def train_fraction_of_one(draft: Draft) -> None:
    draft.set(TrainingFraction=[1])


@case(
    single,
    ("config-training-fraction", CONFIG),
    native=Native(raises="FileNotFoundError", says="pytorch_config.yaml is not found", at="load"),
)
def train_fraction_of_zero(draft: Draft) -> None:
    draft.set(TrainingFraction=[0.0])


@case(
    single,
    ("config-training-fraction", CONFIG),
    native=_refused("ValidationError", "TrainingFraction"),
)
def train_fraction_in_percent(draft: Draft) -> None:
    draft.set(TrainingFraction=[95])


@case(
    single,
    mended="TrainingFraction",
    native=_refused("ValidationError", "TrainingFraction"),
)
def train_fraction_that_is_no_list(draft: Draft) -> None:
    draft.set(TrainingFraction=0.95)


@case(single, ("net-type", CONFIG), native=_fails("ValueError", "not a valid NetType"))
def network_that_does_not_exist(draft: Draft) -> None:
    draft.set(default_net_type="resnet_51")


@case(single, ("net-type", CONFIG), native=_fails("ValueError", "not a valid NetType"))
def network_of_the_other_engine(draft: Draft) -> None:
    draft.set(default_net_type="mobilenet_v2_1.0")


@case(single, ("config-value", CONFIG), native=_refused("ValidationError", "iteration"))
def iteration_in_words(draft: Draft) -> None:
    draft.set(iteration="zero")


@case(single, mended="video_sets", native=Native(frames=30, of=60))
def video_paths_of_windows_and_of_linux(draft: Draft) -> None:
    crop = {"crop": "0, 160, 0, 128"}
    paths = (rf"C:\Users\ada\videos\{VIDEOS[0]}.avi", f"/home/ada/videos/{VIDEOS[1]}.avi")
    draft.set(video_sets=dict.fromkeys(paths, crop))


@case(single, mended="video_sets", native=Native(frames=0, of=60, says="No data was found"))
def video_paths_of_windows(draft: Draft) -> None:
    paths = [rf"C:\Users\ada\videos\{video}.avi" for video in VIDEOS]
    draft.set(video_sets={key: {"crop": "0, 160, 0, 128"} for key in paths})


@case(single, mended="video_sets", native=Native(frames=30, of=60))
def labelled_video_that_config_does_not_list(draft: Draft) -> None:
    draft.set(video_sets={f"/videos/{VIDEOS[0]}.mp4": {"crop": "0, 160, 0, 128"}})


@case(single, native=_refused("ValidationError", "video_sets"))
def video_sets_without_a_crop(draft: Draft) -> None:
    draft.set(video_sets=[f"/videos/{video}.mp4" for video in VIDEOS])


@case(
    multi,
    ("label-individuals", CONFIG),
    native=Native(raises="KeyError", says="tom", at="load"),
)
def individuals_that_the_tables_do_not_have(draft: Draft) -> None:
    draft.set(individuals=["tom", "jerry"])


@case(
    multi,
    ("label-individuals", CONFIG),
    native=Native(raises="ValueError", says="Malformed dataset", at="load"),
)
def individual_that_config_does_not_list(draft: Draft) -> None:
    draft.set(individuals=["mouse1"])


@case(multi, ("config-individuals", CONFIG), native=_fails("ValueError", "reshape"))
def individual_called_single(draft: Draft) -> None:
    draft.set(individuals=["mouse1", "single"])
    for video in VIDEOS:
        draft.replace(f"labeled-data/{video}/CollectedData_ada.csv", "mouse2", "single")


@case(multi, ("net-type-project", CONFIG), native=_fails("ValueError", "unique bodyparts"))
def top_down_network_with_unique_body_parts(draft: Draft) -> None:
    draft.set(default_net_type="top_down_resnet_50", uniquebodyparts=["corner"])
    for video in VIDEOS:
        rows = draft.rows(video)
        more = [["ada"] * 2, ["single"] * 2, ["corner"] * 2, ["x", "y"]]
        body = [["5.0", "6.0"] for _ in rows[4:]]
        draft.write_rows([a + b for a, b in zip(rows, more + body, strict=True)], video)


@case(multi, ("net-type-project", CONFIG), native=_fails("ValueError", "identity"))
def top_down_network_with_identity(draft: Draft) -> None:
    draft.set(default_net_type="top_down_resnet_50", identity=True)


@case(multi, mended="MULTI!", native=_refused("ValidationError", "MULTI!"))
def several_animals_with_a_list_of_body_parts(draft: Draft) -> None:
    draft.set(bodyparts=list(BODY_PARTS))


@case(multi, ("config-multi-animal", CONFIG), native=_refused("ValidationError", "MULTI!"))
def several_animals_said_to_be_one(draft: Draft) -> None:
    draft.set(multianimalproject=False)


@case(single)
def skeleton_of_a_body_part_long_gone(draft: Draft) -> None:
    draft.set(skeleton=[["snout", "tailtip"]])


@case(single, ("request-unknown-key", REQUEST))
def request_with_a_slip_of_the_pen(draft: Draft) -> None:
    draft.files[REQUEST] = b"epoch: 3\n"


@case(single, ("request-value", REQUEST))
def request_without_epochs(draft: Draft) -> None:
    draft.files[REQUEST] = b"epochs: 0\n"


@case(single, ("request-override", REQUEST))
def request_that_names_a_path(draft: Draft) -> None:
    draft.files[REQUEST] = b"overrides: {runner.snapshot_prefix: ../../escape}\n"
