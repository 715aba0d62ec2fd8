import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestMix } from "../request-mix.ts";

export interface TargetServer {
  readonly url: string;
  /** Bodies in the order of their arrival. */
  readonly bodies: string[];
  close(): Promise<void>;
}

/** A real HTTP server on a free loopback port; `answer` decides what each request gets, and when. */
export async function startTarget(
  answer: (response: ServerResponse, index: number, request: IncomingMessage) => void,
): Promise<TargetServer> {
  const bodies: string[] = [];
  let served = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(body);
      answer(response, served++, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/models/m/infer`,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const answerWith =
  (status: number) =>
  (response: ServerResponse): void => {
    response.writeHead(status).end("{}");
  };

/** A mix of numbered bodies, "0" to "size - 1". */
export const numberedMix = (size: number): RequestMix => ({
  requests: Array.from({ length: size }, (_, index) => ({
    headers: { "content-type": "text/plain" },
    body: Buffer.from(String(index)),
  })),
});
