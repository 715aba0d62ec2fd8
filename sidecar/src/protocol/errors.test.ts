import { describe, expect, it } from "vitest";
import { ApiError, type ApiErrorCode, apiErrors, errorText } from "./errors.ts";

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

  it("fills every placeholder and leaves none", () => {
    for (const code of Object.keys(apiErrors) as ApiErrorCode[]) {
      const words = [...apiErrors[code].template.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const text = errorText(code, Object.fromEntries(words.map((word) => [word, `<${word}>`])));
      for (const word of words) expect(text).toContain(`<${word}>`);
      expect(text).not.toMatch(/[{}]/);
    }
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

  it("carries status, outcome and the time to wait", () => {
    const error = new ApiError("QueueFull", {}, 2);
    expect([error.status, error.outcome, error.retryAfterSeconds]).toEqual([503, "Refused", 2]);
  });
});
