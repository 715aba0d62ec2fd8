"""Makes a model of CTranslate2 out of an ONNX file that holds a BERT encoder.

CTranslate2 reads no graphs: it has the encoder built in, and takes weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy
from ctranslate2.specs import Activation, EmbeddingsMerge, TransformerEncoderModelSpec, TransformerEncoderSpec

from bert_encoder import read_encoder
from bert_math import mean_of, unit
from bert_parts import Encoder, Linear, Norm

ACTIVATIONS = {
    "gelu": Activation.GELU,
    "gelu_tanh": Activation.GELUTanh,
    "gelu_sigmoid": Activation.GELUSigmoid,
    "relu": Activation.RELU,
    "silu": Activation.SWISH,
}


def set_norm(spec, norm: Norm) -> None:
    spec.gamma, spec.beta = norm.scale, norm.bias


def set_linear(spec, *linears: Linear) -> None:
    """Several are stacked: one product computes queries, keys and values."""
    spec.weight = numpy.ascontiguousarray(numpy.concatenate([linear.weight for linear in linears]))
    spec.bias = numpy.concatenate([linear.bias for linear in linears])


def spec_of(encoder: Encoder) -> TransformerEncoderModelSpec:
    """The specification as CTranslate2's own converter of BERT fills it."""
    tables = [encoder.words] if encoder.type_rows is None else [encoder.words, encoder.type_rows]
    inner = TransformerEncoderSpec(
        len(encoder.layers),
        encoder.layers[0].heads,
        pre_norm=False,
        activation=ACTIVATIONS[encoder.activation],
        layernorm_embedding=True,
        num_source_embeddings=len(tables),
        embeddings_merge=EmbeddingsMerge.ADD,
    )
    inner.scale_embeddings = False
    for embeddings, table in zip(inner.embeddings, tables, strict=True):
        embeddings.weight = table
    inner.position_encodings.encodings = encoder.positions
    set_norm(inner.layernorm_embedding, encoder.embedding_norm)
    for spec, layer in zip(inner.layer, encoder.layers, strict=True):
        set_linear(spec.self_attention.linear[0], layer.query, layer.key, layer.value)
        set_linear(spec.self_attention.linear[1], layer.attended)
        set_norm(spec.self_attention.layer_norm, layer.attention_norm)
        set_linear(spec.ffn.linear_0, layer.widen)
        set_linear(spec.ffn.linear_1, layer.narrow)
        set_norm(spec.ffn.layer_norm, layer.output_norm)
    spec = TransformerEncoderModelSpec(inner)
    spec.config.layer_norm_epsilon = encoder.embedding_norm.epsilon
    # It is never asked for words, only for ids.
    spec.register_vocabulary([str(number) for number in range(len(encoder.words))])
    return spec


@dataclass(frozen=True)
class Interface:
    """What a model takes and gives, and how much it knows; its weights are elsewhere."""

    ids: str
    mask: str
    types: str | None
    words: int
    positions: int
    type_count: int
    outputs: dict[str, str | None]  # As `Encoder.outputs`.


def convert(file: str, folder: str) -> Interface:
    """Writes the model into a folder. Raises NotBert."""
    encoder = read_encoder(file)
    spec = spec_of(encoder)
    spec.validate()
    spec.save(folder)
    type_count = 0 if encoder.type_rows is None else len(encoder.type_rows)
    sizes = len(encoder.words), len(encoder.positions), type_count
    return Interface(encoder.ids, encoder.mask, encoder.types, *sizes, encoder.outputs)


# What is made of hidden states [rows, tokens, width] and the mask [rows, tokens].
POOLINGS: dict[str, Callable] = {
    "hidden": lambda hidden, mask: hidden,
    "mean": mean_of,
    "mean normalised": lambda hidden, mask: unit(mean_of(hidden, mask)),
    "first": lambda hidden, mask: hidden[:, 0],
    "first normalised": lambda hidden, mask: unit(hidden[:, 0]),
}
