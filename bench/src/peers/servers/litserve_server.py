"""LitServe: docs at https://lightning.ai/docs/litserve. Decoding, inference and encoding run in its worker processes."""

from fastapi import Response
from litserve import LitAPI, LitServer

from minilm import PATH, PORT, SETTING, Encoder, answer_bytes, row_of


class MiniLm(LitAPI):
    def setup(self, device):
        self.encoder = Encoder()

    def decode_request(self, request):
        return row_of(request)

    def batch(self, inputs):
        return inputs

    def predict(self, rows):
        return self.encoder.run(rows if isinstance(rows, list) else [rows])

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        embedding = output[0] if isinstance(output, list) else output
        return Response(answer_bytes(embedding), media_type="application/json")


if __name__ == "__main__":
    api = MiniLm(max_batch_size=SETTING["rows"], batch_timeout=SETTING["waitMilliseconds"] / 1000, api_path=PATH)
    server = LitServer(
        api, accelerator="cpu", workers_per_device=SETTING["workers"], fast_queue=SETTING.get("fastQueue", False)
    )
    server.run(
        host="127.0.0.1",
        port=PORT,
        num_api_servers=SETTING.get("apiServers", 1),
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
