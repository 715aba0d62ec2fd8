"""FastAPI on uvicorn without batching: what people write first. One process per worker, uvloop and httptools."""

import uvicorn
from fastapi import FastAPI, Request, Response

import orjson

from minilm import PATH, PORT, SETTING, Encoder, answer_bytes, row_of

app = FastAPI()
encoder = Encoder()


@app.post(PATH)
async def infer(request: Request):
    # In the event loop on purpose: a thread beside it would only take turns with it, and costs a hand-over.
    row = row_of(orjson.loads(await request.body()))
    return Response(answer_bytes(encoder.run([row])[0]), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        "fastapi_server:app",
        host="127.0.0.1",
        port=PORT,
        workers=SETTING["workers"],
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
