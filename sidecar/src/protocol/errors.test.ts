import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../server/http-limits.ts";
import { type ApiErrorCode, apiErrors } from "./error-catalogue.ts";
import { ApiError, errorText } from "./errors.ts";
import { grpcCodes } from "./grpc-status.ts";
import { jsonLimits } from "./oip/json-structure.ts";

const entries = Object.entries(apiErrors);

describe("the table of API errors", () => {
  it.each(entries)("%s says what happened and what to do, in a sentence", (_, { template }) => {
    expect(template).toMatch(/^['{A-Z].*\.$/);
    expect(template).not.toMatch(/[\\\n]|node_modules|onnx/i);
  });

  it.each(entries)("%s counts as its status says", (_, { status, outcome }) => {
    const byStatus = { 500: "Failed", 503: "Refused", 504: "Expired" } as Record<number, string>;
    expect(outcome).toBe(byStatus[status] ?? "Excluded");
  });

  it.each(entries)("%s counts as its status over gRPC says", (code, { outcome }) => {
    const { grpcStatus } = new ApiError(code as ApiErrorCode);
    const isServers = ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"].includes(grpcStatus);
    if (outcome !== "Excluded") expect(isServers).toBe(true);
    if (grpcStatus === "INTERNAL" || grpcStatus === "UNAVAILABLE") expect(outcome).not.toBe("Excluded");
  });

  it("fills every placeholder and leaves none", () => {
    for (const code of Object.keys(apiErrors) as ApiErrorCode[]) {
      const words = [...apiErrors[code].template.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const text = errorText(code, Object.fromEntries(words.map((word) => [word, `<${word}>`])));
      for (const word of words) expect(text).toContain(`<${word}>`);
      expect(text).not.toMatch(/[{}]/);
    }
  });
});

describe("docs/grpc.md", () => {
  it("names every status that gRPC clients can get, and no other", async () => {
    const page = await readFile(new URL("../../../docs/grpc.md", import.meta.url), "utf8");
    const named = [...page.matchAll(/^\| `([A-Z_]+)` /gm)].map((match) => match[1]);
    expect(named.sort()).toEqual(Object.keys(grpcCodes).sort());
  });
});

describe("docs/protocols.md", () => {
  const page = readFileSync(new URL("../../../docs/protocols.md", import.meta.url), "utf8");

  it("explains every status that a client can get, and no other", () => {
    const explained = [...page.matchAll(/^\| (\d{3}) +\|/gm)].map((match) => Number(match[1]));
    expect(explained.sort()).toEqual([...new Set(entries.map(([, { status }]) => status))].sort());
  });

  it("states the limits that hold", () => {
    const { connections, headers, headersMilliseconds, requestMilliseconds, idleMilliseconds } = defaultLimits;
    const { answerMilliseconds, unfinishedBytes, headerBytes } = defaultLimits;
    const seconds = [headersMilliseconds, requestMilliseconds, idleMilliseconds, answerMilliseconds];
    const limits = [
      `${unfinishedBytes / 2 ** 20} MiB`,
      `${headerBytes / 2 ** 10} KiB, ${headers} headers`,
      ...seconds.map((milliseconds) => `${milliseconds / 1000} s`),
      connections.toLocaleString("en-US"),
      `${jsonLimits.bytes / 2 ** 20} MiB`,
      jsonLimits.parts.toLocaleString("en-US"),
      String(jsonLimits.depth),
    ];
    const stated = [...page.matchAll(/^\|[^|]+\| ([^|]+?) +\|[^|]+\|$/gm)].map((match) => match[1]);
    for (const limit of limits) expect(stated).toContain(limit);
  });
});

describe("ApiError", () => {
  it("cuts long values and shows no control characters", () => {
    const error = new ApiError("UnknownInput", { name: `a\u0000\u001b[31m${"x".repeat(5000)}`, names: "'ids'" });
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  it("does not fill in placeholders that a client sends", () => {
    expect(new ApiError("UnknownInput", { name: "{names}", names: "'ids'" }).message).toContain("'{names}'");
  });

  it.each([
    ["InvalidMessage", "INVALID_ARGUMENT"],
    ["TooManyRows", "INVALID_ARGUMENT"],
    ["UnknownModel", "NOT_FOUND"],
    ["QueueFull", "RESOURCE_EXHAUSTED"],
    ["TooLate", "RESOURCE_EXHAUSTED"],
    ["BodyTooLarge", "RESOURCE_EXHAUSTED"],
    ["NotReady", "UNAVAILABLE"],
    ["ShuttingDown", "UNAVAILABLE"],
    ["DeadlineExpired", "DEADLINE_EXCEEDED"],
    ["UnsupportedEncoding", "UNIMPLEMENTED"],
    ["EngineFailed", "INTERNAL"],
  ] as const)("is over gRPC what Triton documents: %s is %s", (code, status) => {
    expect(new ApiError(code).grpcStatus).toBe(status);
  });

  it("carries status, outcome and the time to wait", () => {
    const error = new ApiError("QueueFull", {}, 2);
    expect([error.status, error.outcome, error.retryAfterSeconds]).toEqual([503, "Refused", 2]);
  });
});
