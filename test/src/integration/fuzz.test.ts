import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fuzzPort } from "../fuzz/fuzz-port.ts";
import { fuzzServers } from "../fuzz/fuzz-server.ts";
import { wellFormedCalls } from "../fuzz/grpc/grpc-message.ts";
import { grpcTarget } from "../fuzz/grpc/grpc-target.ts";
import { wellFormed } from "../fuzz/http-message.ts";
import { httpTarget } from "../fuzz/http-target.ts";

/** Long enough for a machine that has other things to do; the proof takes one second. */
const hangMilliseconds = 10_000;
const messages = 3200;

describe("the server under mutated messages", () => {
  it("does not crash, hang, fail or show its inside, and answers good requests as ever", async () => {
    for (const { protocol, report, crashed, engineRestarts } of await fuzzServers(
      ["HTTP", "gRPC"],
      messages,
      1,
      hangMilliseconds,
    )) {
      expect(report.findings).toEqual([]);
      expect([crashed, engineRestarts, report.messages]).toEqual([false, 0, messages / 4]);
      // They come at a pace of their own: the faster the machine, the fewer there are.
      expect(report.goodRequests).toBeGreaterThan(0);
      // The messages reach every layer: the parser, the routes, the bodies and the model.
      for (const status of layers[protocol]) {
        expect([status, report.statuses[status] ?? 0]).not.toEqual([status, 0]);
      }
    }
  }, 120_000);
});

const layers = {
  HTTP: ["200", "400", "404", "405", "415", "431", "501", "none"],
  gRPC: [
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "UNIMPLEMENTED",
    "RESOURCE_EXHAUSTED",
    "HTTP 415",
    "RST_STREAM",
    "GOAWAY",
    "none",
  ],
} as const;

describe("the fuzzer", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** What is found of a server that answers each message with `act`. */
  async function kindsFound(act: RequestListener, patience = hangMilliseconds): Promise<string[]> {
    server = createServer(act).on("connection", (socket) => socket.on("error", () => undefined));
    const listening = server;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const { port } = listening.address() as AddressInfo;
    const target = httpTarget(wellFormed("m", [{ name: "x", datatype: "FP32", shape: [1, 1], values: [1] }]));
    const { findings } = await fuzzPort({ port, messages: 100, seed: 1, hangMilliseconds: patience, target });
    return [...new Set(findings.map(({ kind }) => kind))].sort();
  }

  it("finds a stack, a path, an unforeseen error and a refused good request", async () => {
    const failing =
      (text: string, status: number) => (_: unknown, response: { statusCode: number; end(text: string): void }) => {
        response.statusCode = status;
        response.end(text);
      };
    expect(await kindsFound(failing("TypeError: x\n    at f (file.ts:1:2)", 200))).toEqual(["Leak"]);
    expect(await kindsFound(failing("cannot open /etc/model/file", 200))).toEqual(["Leak"]);
    expect(await kindsFound(failing("sorry", 500))).toEqual(["GoodRequestFailed", "ServerError"]);
    expect(await kindsFound(failing("fine", 200))).toEqual([]);
  });

  it("reads what a gRPC server says, and finds a stack in it", async () => {
    const answering = createHttp2Server().on("session", (session) => session.on("error", () => undefined));
    answering.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ "grpc-status": "13", "grpc-message": "at f (file.ts:1:2)%0A" }, { endStream: true });
    });
    await new Promise<void>((resolve) => answering.listen(0, "127.0.0.1", resolve));
    const { port } = answering.address() as AddressInfo;
    const target = grpcTarget(wellFormedCalls("m", [{ name: "x", datatype: "FP32", shape: [1, 1], values: [1] }]));
    const { findings, statuses } = await fuzzPort({ port, messages: 100, seed: 1, hangMilliseconds, target });
    answering.close();
    expect([...new Set(findings.map(({ kind }) => kind))].sort()).toEqual(["GoodRequestFailed", "Leak"]);
    expect(statuses["INTERNAL"]).toBeGreaterThan(10);
  });

  it("finds a server that stalls", async () => {
    const stall = (_: unknown, response: { end(text: string): void }) => {
      const until = performance.now() + 20;
      while (performance.now() < until);
      setTimeout(() => response.end("late"), 2000);
    };
    expect(await kindsFound(stall, 500)).toContain("Hang");
  });
});
