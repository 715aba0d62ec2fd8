"""MLServer: docs at https://mlserver.readthedocs.io. It speaks the protocol itself; this is its custom runtime."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from minilm import OUTPUT, Encoder


class MiniLm(MLModel):
    async def load(self) -> bool:
        self.encoder = Encoder()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        arrays = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        rows = list(zip(arrays["input_ids"], arrays["attention_mask"], strict=True))
        embeddings = np.stack(self.encoder.run(rows))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output(OUTPUT, embeddings)])
