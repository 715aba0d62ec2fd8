"""Ray Serve: docs at https://docs.ray.io/en/latest/serve. One replica per worker, its own `serve.batch` where rows > 1."""

import signal

import orjson
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from minilm import PATH, PORT, SETTING, Encoder, answer_bytes, row_of

ROWS = SETTING["rows"]


@serve.deployment(num_replicas=SETTING["workers"], max_ongoing_requests=64, ray_actor_options={"num_cpus": 0.5})
class MiniLm:
    def __init__(self):
        self.encoder = Encoder()

    @serve.batch(max_batch_size=max(2, ROWS), batch_wait_timeout_s=SETTING["waitMilliseconds"] / 1000)
    async def embed(self, rows):
        return self.encoder.run(rows)

    async def __call__(self, request: Request):
        row = row_of(orjson.loads(await request.body()))
        embedding = await self.embed(row) if ROWS > 1 else self.encoder.run([row])[0]
        return Response(answer_bytes(embedding), media_type="application/json")


if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=200_000_000,
        configure_logging=False,
        _node_ip_address="127.0.0.1",
    )
    serve.start(http_options={"host": "127.0.0.1", "port": PORT, "location": "HeadOnly"})
    serve.run(MiniLm.bind(), route_prefix=PATH)
    signal.pause()
