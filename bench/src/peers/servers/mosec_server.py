"""mosec: docs at https://mosecorg.github.io/mosec. Its front is Rust; JSON is read and written in the workers."""

import sys

import orjson
from mosec import Server, Worker

from minilm import PATH, PORT, SETTING, Encoder, answer_bytes, row_of


class MiniLm(Worker):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()

    def deserialize(self, data):
        return row_of(orjson.loads(data))

    def serialize(self, data):
        return answer_bytes(data)

    def forward(self, data):
        return self.encoder.run(data) if SETTING["rows"] > 1 else self.encoder.run([data])[0]


if __name__ == "__main__":
    sys.argv += ["--address", "127.0.0.1", "--port", str(PORT), "--timeout", "60000", "--log-level", "warning"]
    server = Server()
    server.append_worker(
        MiniLm,
        num=SETTING["workers"],
        max_batch_size=SETTING["rows"],
        max_wait_time=SETTING["waitMilliseconds"],
        route=PATH,
    )
    server.run()
