import { describe, expect, it } from "vitest";
import { explain, UserError } from "./user-error.ts";

const named = (name: string) => Object.assign(new Error("What. What to do."), { name });

describe("explain", () => {
  it.each([
    ["SamplesError", "BadInput"],
    ["ModelFileError", "BadInput"],
    ["PlanError", "BadInput"],
    ["DocumentError", "BadInput"],
    ["RequestError", "BadInput"],
    ["OutputError", "CannotWrite"],
    ["RemoteModelError", "Unavailable"],
  ])("passes on the message of a %s with code %s", (name, exit) => {
    expect(explain(named(name))).toEqual({ exit, message: "What. What to do." });
  });

  it("says which port is taken", () => {
    const error = Object.assign(new Error("listen"), { code: "EADDRINUSE", syscall: "listen", port: 8000 });
    expect(explain(error)).toMatchObject({
      exit: "Unavailable",
      message: expect.stringMatching(/port 8000.*--http-port/),
    });
  });

  it("points to --debug for everything else, even what is no error", () => {
    for (const thrown of [new TypeError("x is not a function"), "text", undefined, null, { a: 1 }]) {
      expect(explain(thrown)).toMatchObject({ exit: "Unexpected", message: expect.stringContaining("--debug") });
    }
    expect(explain(new UserError("Usage", "No. Do."))).toEqual({ exit: "Usage", message: "No. Do." });
  });
});
