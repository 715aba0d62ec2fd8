import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

export interface AskedFor {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A web server on this machine that answers as it is told, and remembers what it was asked. */
export class FileServer implements AsyncDisposable {
  readonly asked: AskedFor[] = [];
  readonly url: string;
  readonly #close: () => void;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async start(
    answer: (path: string, response: ServerResponse, headers: IncomingHttpHeaders) => void,
    tls?: ServerOptions,
  ): Promise<FileServer> {
    let own: FileServer | null = null;
    const listener: RequestListener = ({ url = "", headers }, response) => {
      own?.asked.push({ path: url, headers });
      answer(url, response, headers);
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    server.listen(0, "127.0.0.1").unref();
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const close = () => void server.close().closeAllConnections();
    own = new FileServer(`${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, close);
    return own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }
}

/** Answers with these files, and 404 otherwise. */
export const serveFiles =
  (files: Readonly<Record<string, Buffer>>) =>
  (path: string, response: ServerResponse): void => {
    const content = files[path];
    if (content === undefined) response.writeHead(404).end("there is no such secret-ish thing");
    else response.writeHead(200, { "content-length": content.length }).end(content);
  };
