import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

/** What is wrong, one sentence each; empty when all is well. */
type Check = () => readonly string[];

export interface HealthServerOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string;
  /** Fails when only a restart helps. */
  readonly live: Check;
  readonly ready: Check;
  readonly registry: Registry;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz`, `/readyz` and `/metrics`. @throws {Error} when the port is taken. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request.url ?? "/", response).catch(() => response.destroy());
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await listen(server, options.port, options.host ?? "0.0.0.0");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(options: HealthServerOptions, url: string, response: ServerResponse): Promise<void> {
  const path = url.split("?")[0];
  if (path === "/healthz") sendCheck(response, options.live());
  else if (path === "/readyz") sendCheck(response, options.ready());
  else if (path === "/metrics") {
    response.setHeader("content-type", options.registry.contentType);
    response.end(await options.registry.metrics());
  } else {
    response.statusCode = 404;
    response.end("There are /healthz, /readyz and /metrics.\n");
  }
}

function sendCheck(response: ServerResponse, problems: readonly string[]): void {
  response.statusCode = problems.length === 0 ? 200 : 503;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(problems.length === 0 ? "ok\n" : `${problems.join("\n")}\n`);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
