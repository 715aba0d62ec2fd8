"""BentoML: docs at https://docs.bentoml.com. Its adaptive batching wants one argument that is a list of requests."""

import bentoml

from minilm import SETTING, Encoder, answer_of, row_of

ROWS = SETTING["rows"]


@bentoml.service(workers=SETTING["workers"], traffic={"timeout": 60, "max_concurrency": 1024}, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class MiniLm:
    def __init__(self) -> None:
        self.encoder = Encoder()

    if ROWS > 1:

        @bentoml.api(
            route="/infer",
            batchable=True,
            max_batch_size=ROWS,
            max_latency_ms=max(1, SETTING["waitMilliseconds"]),
        )
        def infer(self, requests: list[dict]) -> list[dict]:
            return [answer_of(row.tolist()) for row in self.encoder.run([row_of(each) for each in requests])]

    else:

        @bentoml.api(route="/infer")
        def infer(self, requests: list[dict]) -> list[dict]:
            return [answer_of(self.encoder.run([row_of(each)])[0].tolist()) for each in requests]
