"""Cases that are right to stay green under every sabotage that touches them, each with the reason. Reviewed by hand.

An entry that isn't needed any more is an error of `python -m bench sabotage`.
"""

from __future__ import annotations

from collections.abc import Mapping

_REASONS: Mapping[str, tuple[str, ...]] = {
    "it compares a model with itself, asked in two ways; that the numbers are the published ones is for test_pooled_values": (
        "cases/encoding/test_encode_in_function.py::test_ragged_made_dense",
        "cases/encoding/test_input_values.py::test_cast",
        "cases/encoding/test_input_values.py::test_python_lists",
        "cases/encoding/test_lengths_and_batches.py::test_company",
        "cases/encoding/test_lengths_and_batches.py::test_batches",
        "cases/encoding/test_lengths_and_batches.py::test_twice",
        "cases/encoding/test_lengths_and_batches.py::test_frozen_has_no_dropout",
        "cases/encoding/test_two_processes.py::test_forked_before",
        "cases/preprocessing/test_into_an_encoder.py::test_functional_model_on_strings",
        "cases/compiling/test_agreement.py::test_own_xla",
        "cases/building/test_functional.py::test_dropout",
        "cases/finetuning/test_dropout.py::test_training",
        "cases/finetuning/test_dropout.py::test_not_training",
        "cases/finetuning/test_dropout.py::test_layer_above",
    ),
    "it says that something is an error, or finite, or of a type or shape, whatever the weights are": (
        "cases/encoding/test_encode_tf1.py::test_longer_than_positions",
        "cases/encoding/test_input_values.py::test_beyond_the_vocabulary",
        "cases/encoding/test_lengths_and_batches.py::test_longer_than_positions",
        "cases/encoding/test_lengths_and_batches.py::test_nothing_but_padding",
        "cases/encoding/test_masked_words.py::test_a_score_for_each_word",
        "cases/encoding/test_mixed_precision.py::test_head_is_half",
        "cases/loading/test_load_tf1.py::test_train_tag",
        "cases/distributing/test_batches.py::test_fit_with_a_last_batch",
    ),
    "it takes no model: what it says is of a layer or an op alone, and it compares that with numbers written in it": (
        "cases/encoding/test_encode_in_session.py::test_new_layer_after_one_in_a_graph",
        "cases/encoding/test_masked_softmax.py::test_scores_survive_the_mask",
    ),
    "it says which objects, files, sets of weights or settings one gets; what the weights give is for the tasks load and encode": (
        "cases/loading/test_at_once.py::test_two_threads",
        "cases/loading/test_hub_load.py::test_vocabulary",
        "cases/loading/test_keras_layer.py::test_frozen",
        "cases/loading/test_keras_layer.py::test_trainable",
        "cases/loading/test_keras_layer.py::test_trainable_later",
        "cases/loading/test_keras_layer.py::test_resolved_object",
        "cases/loading/test_keras_layer.py::test_loaded_object",
        "cases/loading/test_keras_layer.py::test_twice",
        "cases/loading/test_keras_layer.py::test_config",
        "cases/loading/test_load_tf1.py::test_vocabulary",
        "cases/loading/test_not_in_the_cache.py::test_the_same_handle",
        "cases/loading/test_paths.py::test_resolve",
        "cases/loading/test_paths.py::test_relative_path",
        "cases/preprocessing/test_save.py::test_copy_needs_the_import_too",
        "cases/building/test_functional.py::test_summary",
        "cases/building/test_own_layer.py::test_weights_in_a_list",
        "cases/building/test_subclassed.py::test_weights",
        "cases/distributing/test_as_written.py::test_compile",
    ),
    "it is about the kind of file that a name's ending gives, whatever is in it": (
        "cases/saving/test_file_names.py::test_dot_keras_is_a_zip",
        "cases/saving/test_file_names.py::test_dot_h5_is_hdf5",
        "cases/saving/test_file_names.py::test_no_ending_is_a_savedmodel",
        "cases/saving/test_file_names.py::test_save_format",
        "cases/saving/test_file_names.py::test_weights_file_without_ending",
        "cases/saving/test_file_names.py::test_weights_file_dot_h5",
        "cases/saving/test_file_names.py::test_weights_file_dot_weights_h5",
    ),
    "it is about what lies in the cache, or where: no fault of a server has a part in it, nor which model the server has": (
        "cases/fetching/test_cache_states.py::test_folder_without_description",
        "cases/fetching/test_cache_states.py::test_file_in_place_of_the_cache",
        "cases/fetching/test_cache_states.py::test_cache_that_may_not_be_written",
        "cases/fetching/test_download.py::test_without_cache_dir",
        "cases/fetching/test_download.py::test_folder_is_named_after_the_handle",
        "cases/fetching/test_download.py::test_a_slash_more",
        "cases/fetching/test_lock.py::test_other_process_finishes",
        "cases/fetching/test_lock.py::test_no_lock_is_left",
    ),
}

RIGHT: Mapping[str, str] = {case: reason for reason, cases in _REASONS.items() for case in cases}
"""By case, why it is right."""
