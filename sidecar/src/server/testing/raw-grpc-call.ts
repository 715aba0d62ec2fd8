import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";

/** The headers of a call that a client of gRPC sends. */
export const headersOf = (path = "/inference.GRPCInferenceService/ModelInfer") => ({
  ":method": "POST",
  ":path": path,
  "content-type": "application/grpc",
  te: "trailers",
});

/** The end of a call, which `bytes` are sent to where they are given; an error without an answer has it in its headers. */
export function trailersOf(stream: ClientHttp2Stream, bytes?: Buffer): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    const ended = (headers: IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) resolve(headers);
    };
    stream.on("response", ended).on("trailers", ended).on("error", reject).resume();
    if (bytes !== undefined) stream.end(bytes);
  });
}

/** An inference whose frames are written by hand. */
export class RawCall {
  readonly stream: ClientHttp2Stream;
  readonly trailers: Promise<IncomingHttpHeaders>;
  readonly #session: ClientHttp2Session;

  constructor(port: number, headers: Record<string, string> = {}) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on("error", () => undefined);
    this.stream = this.#session.request({ ...headersOf(), ...headers });
    this.trailers = trailersOf(this.stream);
    this.trailers.catch(() => undefined);
  }

  close(): void {
    this.#session.destroy();
  }
}
