"""The parts of a BERT encoder: its weights, and where they are in the graph that it was read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy


@dataclass(frozen=True)
class Linear:
    """y = x · weightᵀ + bias, between two tensors of the graph."""

    weight: numpy.ndarray  # [out, in]
    bias: numpy.ndarray  # [out]
    input: str
    output: str


@dataclass(frozen=True)
class Norm:
    """A layer norm over the last axis."""

    scale: numpy.ndarray
    bias: numpy.ndarray
    epsilon: float
    output: str


@dataclass(frozen=True)
class Layer:
    """One layer of the encoder."""

    query: Linear
    key: Linear
    value: Linear
    heads: int
    attended: Linear
    attention_norm: Norm
    widen: Linear
    narrow: Linear
    output_norm: Norm


@dataclass(frozen=True)
class Encoder:
    """A BERT encoder, its weights in FP32."""

    ids: str
    mask: str
    types: str | None
    words: numpy.ndarray  # [words, width]
    positions: numpy.ndarray  # [positions, width], with the only type's row added where there is no input for types
    type_rows: numpy.ndarray | None  # [types, width]
    embedding_norm: Norm
    layers: list[Layer]
    activation: str
    # What each output of the model is: "hidden", "mean", "first" (with " normalised"), "input NAME", or None.
    outputs: dict[str, str | None]
