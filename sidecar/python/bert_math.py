"""What the parts of a BERT encoder compute, in NumPy."""

from __future__ import annotations

import math

import numpy

from bert_parts import Norm


def normalised(x: numpy.ndarray, norm: Norm) -> numpy.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / numpy.sqrt((centred**2).mean(-1, keepdims=True) + norm.epsilon) * norm.scale + norm.bias


def attention(query, key, value, heads: int, mask) -> numpy.ndarray:
    """[rows, tokens, width] of scaled dot products between tokens that the mask leaves in."""

    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    scores = split(query) @ split(key).transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1] / heads)
    scores = numpy.where(mask[:, None, None, :] == 1, scores, -1e9)
    shares = numpy.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return (shares @ split(value)).transpose(0, 2, 1, 3).reshape(query.shape)


def gelu(x):
    return 0.5 * x * (1 + numpy.vectorize(math.erf)(x / math.sqrt(2)))


ACTIVATIONS = {
    "gelu": gelu,
    "gelu_tanh": lambda x: 0.5 * x * (1 + numpy.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu_sigmoid": lambda x: x / (1 + numpy.exp(-1.702 * x)),
    "relu": lambda x: numpy.maximum(x, 0),
    "silu": lambda x: x / (1 + numpy.exp(-x)),
}


def unit(x):
    return x / numpy.linalg.norm(x, axis=-1, keepdims=True)


def mean_of(hidden, mask):
    shares = (mask / mask.sum(1, keepdims=True)).astype(numpy.float32)
    return numpy.matmul(shares[:, None, :], hidden)[:, 0]
