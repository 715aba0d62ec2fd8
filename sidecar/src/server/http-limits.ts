/** How much one server takes from its HTTP clients, so that none of them can take it from the others. */
export interface HttpLimits {
  /** Of all bodies together that are still coming in. */
  readonly unfinishedBytes: number;
  /** Of the request line and all headers. */
  readonly headerBytes: number;
  readonly headers: number;
  /** Open at once; further ones are closed unanswered. */
  readonly connections: number;
  /** From the first byte of a request, or from the connection, to the end of its headers. */
  readonly headersMilliseconds: number;
  /** From the first byte of a request to its last. */
  readonly requestMilliseconds: number;
  /** Between two requests of a connection. */
  readonly idleMilliseconds: number;
  /** Without any progress while a client takes its answer. */
  readonly answerMilliseconds: number;
}

export const defaultLimits: HttpLimits = {
  unfinishedBytes: 256 * 1024 * 1024,
  headerBytes: 16 * 1024,
  headers: 100,
  connections: 8192,
  headersMilliseconds: 20_000,
  requestMilliseconds: 120_000,
  idleMilliseconds: 75_000,
  answerMilliseconds: 30_000,
};

/** How often Node looks for requests that take too long: a limit is overrun by a quarter at most, or by five seconds. */
export const checkMilliseconds = ({ headersMilliseconds, requestMilliseconds }: HttpLimits): number =>
  Math.min(5000, Math.ceil(Math.min(headersMilliseconds, requestMilliseconds) / 4));
