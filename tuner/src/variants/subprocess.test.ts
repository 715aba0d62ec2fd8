import { describe, expect, it } from "vitest";
import { runLimited } from "./subprocess.ts";

const node = (script: string, limits: Parameters<typeof runLimited>[2]) =>
  runLimited(process.execPath, ["-e", script], limits);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const gone = async (pid: number): Promise<boolean> => {
  for (let wait = 0; wait < 40 && alive(pid); wait += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return !alive(pid);
};
/** Starts a grandchild that would run for a minute, tells its pid and waits. */
const family = `
const child = require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
console.log(child.pid);
setTimeout(() => {}, 60000);
`;

describe("a limited run", () => {
  it("tells exit status and both outputs", async () => {
    const run = await node("console.log('out'); console.error('err'); process.exitCode = 3", { timeoutSeconds: 20 });
    expect(run).toMatchObject({ end: "Exited", code: 3, signal: null, stdout: "out\n", stderr: "err\n" });
  });

  it("that takes too long is killed with all that it started", async () => {
    const run = await node(family, { timeoutSeconds: 1 });
    expect(run).toMatchObject({ end: "TimedOut", signal: "SIGKILL" });
    expect(await gone(Number(run.stdout))).toBe(true);
  });

  it("ends at once when the signal comes, or has come before", async () => {
    const abort = new AbortController();
    const running = node(family, { timeoutSeconds: 20, signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    expect((await running).end).toBe("Aborted");
    const late = await node(family, { timeoutSeconds: 20, signal: AbortSignal.abort() });
    expect(late).toMatchObject({ end: "Aborted" });
    expect(late.seconds).toBeLessThan(5);
  });

  it("of a program that is not there is a result", async () => {
    expect(await runLimited("/no/such/program", [], { timeoutSeconds: 5 })).toMatchObject({ end: "NotStarted" });
  });

  it("keeps the end of long output only", async () => {
    const run = await node("process.stderr.write('x'.repeat(3e6) + 'end')", { timeoutSeconds: 20 });
    expect(run.stderr).toHaveLength(1 << 16);
    expect(run.stderr.endsWith("end")).toBe(true);
  });
});
