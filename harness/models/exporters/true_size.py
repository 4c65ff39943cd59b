"""Makes a BERT of any size with random weights: `true_size.py MODEL_DIR POLICY LAYERS WIDTH HEADS VOCABULARY POSITIONS`.

POLICY is Keras' mixed precision: float32, or mixed_bfloat16 for products of bfloat16 and weights of float32.

By the same exporter and in the same form as the replicas of `bert_dict.py`, for what depends on the size and not on the
values of the weights: what a program needs on a chip.
"""

import sys
import tempfile
from pathlib import Path

import bert_dict
import fixture
import tensorflow as tf
from official.nlp.bert.configs import BertConfig
from official.nlp.tools import export_tfhub_lib


def main(model_dir, policy, layers, width, heads, vocabulary, positions):
    tf.keras.mixed_precision.set_global_policy(policy)
    config = fixture.bert_config(
        BertConfig,
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=positions,
    )
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "vocab.txt"
        words.write_text("".join(f"word{number}\n" for number in range(vocabulary)))
        export_tfhub_lib.export_model(
            model_dir,
            bert_config=config,
            model_checkpoint_path=bert_dict.checkpoint_with_mlm(config, fixture.SEED, folder + "/weights"),
            with_mlm=True,
            vocab_file=str(words),
            do_lower_case=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
