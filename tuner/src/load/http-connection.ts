import type { Socket } from "node:net";
import type { RequestBytes } from "./request-bytes.ts";
import { ResponseReader } from "./response-reader.ts";
import type { OpenedSocket, Receive } from "./socket-opener.ts";

const connectMilliseconds = 5_000;

/** No server that keeps connections is known to close them so soon after an answer. */
const shortestServerTimeout = 500;

/** Whom a connection tells what became of its exchanges. */
export interface ConnectionOwner<Exchange> {
  /** The whole answer has come. The connection takes another request if it is still open. */
  answered(connection: HttpConnection<Exchange>, exchange: Exchange, status: number): void;
  /**
   * The connection is gone, and with it the answer to the exchange that it still had.
   *
   * @param idleClosed see `HttpConnection`
   */
  closed(connection: HttpConnection<Exchange>, exchange: Exchange | undefined, idleClosed: boolean): void;
}

/**
 * An HTTP/1.1 connection that carries one request at a time; an exchange is whatever stands for it. Requests may be
 * sent at once, they wait until the connection is made.
 *
 * A server may close an idle connection in the very moment in which it is used again. Nobody read that request, and it
 * says nothing about the server: `idleClosed` tells its owner to send it anew. It is said only of a connection that had
 * been idle for long enough to run into a server's timeout and that ended before the first byte of an answer. One that
 * breaks in the middle of traffic is a failure of the server, and to repeat its request would hide that.
 */
export class HttpConnection<Exchange> {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner<Exchange>;
  readonly #reader = new ResponseReader();
  #exchange: Exchange | undefined;
  /** When the last answer had come; null before the first. */
  #idleSince: number | null = null;
  #idleClosed = false;
  #open = true;

  constructor(openSocket: (receive: Receive) => OpenedSocket, owner: ConnectionOwner<Exchange>) {
    this.#owner = owner;
    const { socket, connected } = openSocket((bytes, count) => this.#receive(bytes, count));
    this.#socket = socket;
    const timeout = setTimeout(() => this.destroy(), connectMilliseconds);
    socket.once(connected, () => clearTimeout(timeout));
    socket.once("end", () => this.#end());
    // `close` follows, and says all that matters.
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(timeout);
      this.#open = false;
      this.#owner.closed(this, this.#exchange, this.#idleClosed);
    });
  }

  /** Whether it can take a request, or has one. */
  get isOpen(): boolean {
    return this.#open && !this.#socket.destroyed;
  }

  send(exchange: Exchange, [head, body]: RequestBytes): void {
    this.#exchange = exchange;
    this.#idleClosed = this.#idleSince !== null && performance.now() - this.#idleSince >= shortestServerTimeout;
    this.#reader.reset();
    if (body === undefined) {
      this.#socket.write(head);
      return;
    }
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Ends it at once. Its owner hears `closed` later. */
  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  /** Ends it, and resolves when it is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once("close", () => resolve());
      this.destroy();
    });
  }

  #receive(bytes: Buffer, count: number): void {
    // Nobody asked for anything, or nobody waits for it any more.
    if (this.#exchange === undefined || !this.#open) {
      this.destroy();
      return;
    }
    this.#idleClosed = false;
    const read = this.#reader.read(bytes, 0, count);
    const { state } = this.#reader;
    if (state === "Whole") this.#finish(this.#exchange, read === count);
    else if (state === "Malformed") this.destroy();
  }

  #end(): void {
    this.#reader.end();
    if (this.#exchange !== undefined && this.#reader.state === "Whole") this.#finish(this.#exchange, false);
    else this.destroy();
  }

  #finish(exchange: Exchange, reusable: boolean): void {
    this.#exchange = undefined;
    this.#idleSince = performance.now();
    // An answer that came before its request was sent leaves the rest of that request in the way of the next.
    if (!reusable || !this.#reader.keepsAlive || this.#socket.writableLength > 0) this.destroy();
    this.#owner.answered(this, exchange, this.#reader.status);
  }
}
