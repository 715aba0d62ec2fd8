import { describe, expect, it } from "vitest";
import { cpuMicroseconds, parseProcessCpu } from "./process-cpu.ts";

describe("the CPU time of a process", () => {
  it("is read behind a name with spaces and parentheses", () => {
    expect(parseProcessCpu("77 (a) b (c) S 1 77 77 0 -1 4194560 10 0 0 0 150 25 3 4 20 0 1 0 99 1 1")).toBe(1_750_000);
  });

  it("is unknown for a process that is gone and for text of another kind", async () => {
    expect(await cpuMicroseconds(2 ** 30)).toBeNull();
    expect(parseProcessCpu("nothing")).toBeNull();
  });

  it.runIf(process.platform === "linux")("agrees with what the process says of itself", async () => {
    const end = performance.now() + 60;
    while (performance.now() < end);
    const { user, system } = process.cpuUsage();
    const seen = (await cpuMicroseconds(process.pid)) as number;
    expect(Math.abs(seen - (user + system))).toBeLessThan(100_000);
  });
});
