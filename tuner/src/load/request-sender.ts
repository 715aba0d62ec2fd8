import { type ConnectionOwner, HttpConnection } from "./http-connection.ts";
import { encodeRequest, type RequestBytes } from "./request-bytes.ts";
import type { PreparedRequest } from "./request-mix.ts";
import { type OpenedSocket, type Receive, socketOpener } from "./socket-opener.ts";
import { WaitingLine } from "./waiting-line.ts";

/** What became of one request: the HTTP status, or why there is none. */
export type Outcome = number | "NoConnection" | "GivenUp";

/** One request under way. */
export interface InFlight {
  /** Drops the request and its connection; its outcome is `GivenUp` unless it is already decided. */
  giveUp(): void;
}

/**
 * Sends prepared requests to one URL: one request per connection at a time, no pipelining, no redirect, no proxy.
 *
 * It shares the CPUs with the server that it measures, so it does as little as can be done: the bytes of a request are
 * made once, and of an answer only status and end are looked for. A request is sent a second time only when the server
 * had closed the idle connection on which it was sent, see `HttpConnection`.
 */
export class RequestSender {
  readonly #url: URL;
  readonly #connections: Connections;
  readonly #encoded = new WeakMap<PreparedRequest, RequestBytes>();

  /** `connections`: how many there may be; they are made when they are needed. */
  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#connections = new Connections(socketOpener(this.#url), connections);
  }

  /**
   * Sends at once, or as soon as a connection is free, in the order of the calls. `decided` is called exactly once.
   *
   * @throws RangeError when a header of the request cannot be sent
   */
  send(request: PreparedRequest, decided: (outcome: Outcome) => void): InFlight {
    const exchange = new Exchange(this.#bytesOf(request), decided);
    this.#connections.carry(exchange);
    return exchange;
  }

  /** Ends all connections; what is under way is decided as `NoConnection`. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  #bytesOf(request: PreparedRequest): RequestBytes {
    let bytes = this.#encoded.get(request);
    if (bytes === undefined) {
      bytes = encodeRequest(this.#url, request);
      this.#encoded.set(request, bytes);
    }
    return bytes;
  }
}

/** The life of one request. A status counts only once the whole answer has arrived. */
class Exchange implements InFlight {
  readonly bytes: RequestBytes;
  connection: HttpConnection<Exchange> | undefined;
  readonly #decided: (outcome: Outcome) => void;
  #isDecided = false;

  constructor(bytes: RequestBytes, decided: (outcome: Outcome) => void) {
    this.bytes = bytes;
    this.#decided = decided;
  }

  get isDecided(): boolean {
    return this.#isDecided;
  }

  giveUp(): void {
    if (this.#isDecided) return;
    this.decide("GivenUp");
    this.connection?.destroy();
  }

  decide(outcome: Outcome): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#decided(outcome);
  }
}

/** Brings exchanges and connections together. */
class Connections implements ConnectionOwner<Exchange> {
  readonly #openSocket: (receive: Receive) => OpenedSocket;
  readonly #maximum: number;
  readonly #all = new Set<HttpConnection<Exchange>>();
  /** The last one used is the next one used. Some may have been closed since they were put here. */
  readonly #idle: HttpConnection<Exchange>[] = [];
  /** Some may have been given up since they were put here. */
  readonly #waiting = new WaitingLine<Exchange>();
  #closed = false;

  constructor(openSocket: (receive: Receive) => OpenedSocket, maximum: number) {
    this.#openSocket = openSocket;
    this.#maximum = maximum;
  }

  carry(exchange: Exchange): void {
    if (this.#closed) {
      exchange.decide("NoConnection");
      return;
    }
    this.#waiting.push(exchange);
    this.#serveWaiting();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = Promise.all(Array.from(this.#all, (connection) => connection.close()));
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      this.#waiting.shift();
      next.decide("NoConnection");
    }
    await gone;
  }

  answered(connection: HttpConnection<Exchange>, exchange: Exchange, status: number): void {
    if (connection.isOpen) this.#idle.push(connection);
    // Before the next is written, which would count as latency of this one.
    exchange.decide(status);
    this.#serveWaiting();
  }

  // Only now is its place free: until then there would be more sockets than there may be, and whoever gives up all that
  // is under way would open one for each that waits.
  closed(connection: HttpConnection<Exchange>, exchange: Exchange | undefined, idleClosed: boolean): void {
    this.#all.delete(connection);
    if (exchange !== undefined && !exchange.isDecided) {
      if (idleClosed && !this.#closed) this.#start(this.#open(), exchange);
      else exchange.decide("NoConnection");
    }
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      const connection = next.isDecided ? undefined : this.#freeConnection();
      if (connection === undefined && !next.isDecided) return;
      this.#waiting.shift();
      if (connection !== undefined) this.#start(connection, next);
    }
  }

  #freeConnection(): HttpConnection<Exchange> | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) if (last.isOpen) return last;
    return this.#all.size < this.#maximum ? this.#open() : undefined;
  }

  #start(connection: HttpConnection<Exchange>, exchange: Exchange): void {
    exchange.connection = connection;
    connection.send(exchange, exchange.bytes);
  }

  #open(): HttpConnection<Exchange> {
    const connection = new HttpConnection<Exchange>(this.#openSocket, this);
    this.#all.add(connection);
    return connection;
  }
}
