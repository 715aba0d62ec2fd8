import { connect, type IncomingHttpHeaders } from "node:http2";
import { Duplex } from "node:stream";

/** The other end of a connection whose server has already said everything. */
class RecordedServer extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/**
 * The headers that a server sent on the first stream of a connection, trailers included, as Node's own client reads them:
 * they are compressed, and depend on those before. `answer`: all that the server sent.
 */
export function headersIn(answer: Buffer): Promise<IncomingHttpHeaders[]> {
  return new Promise((resolve) => {
    const line = new RecordedServer();
    const session = connect("http://127.0.0.1", { createConnection: () => line });
    const blocks: IncomingHttpHeaders[] = [];
    const take = (headers: IncomingHttpHeaders) => blocks.push(headers);
    session.on("error", () => undefined).on("close", () => resolve(blocks));
    session.on("connect", () => {
      const stream = session.request({ ":method": "POST" });
      stream
        .on("response", take)
        .on("trailers", take)
        .on("error", () => undefined)
        .resume();
      // The client must have begun its stream before it hears of it.
      setImmediate(() => {
        line.push(answer);
        line.push(null);
        setImmediate(() => session.destroy());
      });
    });
  });
}
