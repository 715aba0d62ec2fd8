import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { EngineFailure } from "../engine/engine.ts";
import { asFailure, failureOfStatus } from "./failures.ts";

/** One request to another server. */
export interface HttpQuestion {
  readonly method: "GET" | "POST";
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks?: readonly Uint8Array[];
}

export interface HttpAnswer {
  readonly body: Buffer;
  readonly headers: IncomingMessage["headers"];
}

/** As an engine's frame at most. */
const mostAnswerBytes = 2 ** 30;
/** Of an error's text, which only the log sees. */
const mostWords = 300;

/**
 * Sends one request and gives the body of its answer. A kept connection may have been closed by the other side just when it was
 * used: that one error is tried again on a new one, as inference changes nothing. Rejects with `EngineFailure`.
 */
export async function exchange(question: HttpQuestion, agent: Agent, limitMilliseconds: number): Promise<HttpAnswer> {
  const deadline = performance.now() + limitMilliseconds;
  try {
    return await once(question, agent, limitMilliseconds);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw asFailure(error);
  }
  try {
    return await once(question, agent, Math.max(1, deadline - performance.now()));
  } catch (error) {
    throw error instanceof StaleConnection ? asFailure(error.cause) : asFailure(error);
  }
}

/** A connection that served before broke before any answer came. */
class StaleConnection extends Error {}

function once(question: HttpQuestion, agent: Agent, limitMilliseconds: number): Promise<HttpAnswer> {
  const { method, host, port, path, secure, chunks = [] } = question;
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const headers = { ...question.headers, ...(method === "POST" && { "content-length": String(bytes) }) };
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)({ method, host, port, path, headers, agent });
    const late = new EngineFailure(
      "Hung",
      `the upstream server gave no answer within ${Math.round(limitMilliseconds)} ms`,
    );
    const timer = setTimeout(() => request.destroy(late), limitMilliseconds);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    request.on("error", (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      settle(() => reject(stale ? new StaleConnection("stale", { cause: error }) : error));
    });
    request.on("response", (response) => {
      collect(response).then(
        (body) =>
          settle(() =>
            isGood(response) ? resolve({ body, headers: response.headers }) : reject(refusal(response, body)),
          ),
        (error) => settle(() => reject(error)),
      );
    });
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

const isGood = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

function refusal({ statusCode = 0 }: IncomingMessage, body: Buffer): EngineFailure {
  const words = body.toString("utf8", 0, mostWords);
  return new EngineFailure(failureOfStatus(statusCode), `the upstream server answered ${statusCode}: ${words}`);
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostAnswerBytes) throw new EngineFailure("Crashed", "the upstream server's answer is too large");
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}
