import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fuzzPort } from "../fuzz/fuzz-port.ts";
import { fuzzHttpServers } from "../fuzz/fuzz-server.ts";
import { wellFormed } from "../fuzz/http-message.ts";

/** Long enough for a machine that has other things to do; the proof takes one second. */
const hangMilliseconds = 10_000;
const messages = 3000;

describe("the server under mutated HTTP messages", () => {
  it("does not crash, hang, fail or show its inside, and answers good requests as ever", async () => {
    for (const { report, crashed, engineRestarts } of await fuzzHttpServers(messages, 1, hangMilliseconds)) {
      expect(report.findings).toEqual([]);
      expect([crashed, engineRestarts, report.messages]).toEqual([false, 0, messages / 2]);
      expect(report.goodRequests).toBeGreaterThan(5);
      // The messages reach every layer: the parser, the routes, the bodies and the model.
      for (const status of ["200", "400", "404", "405", "415", "431", "501", "none"]) {
        expect([status, report.statuses[status] ?? 0]).not.toEqual([status, 0]);
      }
    }
  }, 120_000);
});

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
    const corpus = wellFormed("m", [{ name: "x", datatype: "FP32", shape: [1, 1], values: [1] }]);
    const { findings } = await fuzzPort({ port, messages: 100, seed: 1, hangMilliseconds: patience, corpus });
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

  it("finds a server that stalls", async () => {
    const stall = (_: unknown, response: { end(text: string): void }) => {
      const until = performance.now() + 20;
      while (performance.now() < until);
      setTimeout(() => response.end("late"), 2000);
    };
    expect(await kindsFound(stall, 500)).toContain("Hang");
  });
});
