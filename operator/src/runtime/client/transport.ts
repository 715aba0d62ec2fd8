import { Agent, type Dispatcher } from "undici";
import type { Connection } from "./connection.ts";

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, and the reading of its answer. */
  readonly signal: AbortSignal;
  /**
   * Called when a connection is there and the next thing to happen is that bytes leave the process. When it throws,
   * nothing is sent and the request fails with what was thrown.
   */
  readonly beforeSend?: () => void;
}

export interface TransportResponse {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** HTTP as the client needs it: the seam at which tests put faults. */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}

/**
 * HTTP/1.1 over undici. One connection per request in flight, so that a stuck one delays nothing else; HTTP/2 would put
 * every watch on the one connection that a half-open network takes down together. Deadlines come by `signal`.
 */
export function httpTransport(connection: Connection): Transport {
  const base = new URL(connection.server);
  const prefix = base.pathname.replace(/\/$/, "");
  const agent = new Agent({
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { ...connection.tls, keepAlive: true, timeout: 5_000 },
  });
  const guarded = agent.compose(checkBeforeSending);
  return {
    async send(request) {
      const answer = await guarded.request({
        origin: base.origin,
        path: prefix + request.path,
        method: request.method,
        headers: { ...(await connection.headers()), ...request.headers },
        signal: request.signal,
        ...(request.body === undefined ? {} : { body: request.body }),
        opaque: request.beforeSend,
      });
      const retryAfter = answer.headers["retry-after"];
      return {
        status: answer.statusCode,
        body: answer.body,
        ...(typeof retryAfter === "string" ? { retryAfter } : {}),
      };
    },
    close: () => agent.destroy(),
  };
}

type Handler = Dispatcher.DispatchHandler;

/** undici calls `onRequestStart` on the open connection, in the same turn in which it writes the request. */
const checkBeforeSending: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const check = (options as { opaque?: unknown }).opaque;
  if (typeof check !== "function") return dispatch(options, handler);
  const start: Handler["onRequestStart"] = (controller, context) => {
    check();
    handler.onRequestStart?.(controller, context);
  };
  return dispatch(options, withStart(handler, start));
};

function withStart(handler: Handler, onRequestStart: Handler["onRequestStart"]): Handler {
  return new Proxy(handler, {
    get: (target, name) => {
      if (name === "onRequestStart") return onRequestStart;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
