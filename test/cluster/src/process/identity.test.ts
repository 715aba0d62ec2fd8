import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identityOf, isRunning, parseStat, processesWithEnvironment, signal, terminate } from "./identity.ts";

test("reads a process whose name contains spaces and parentheses", () => {
  const line = `42 (a (b) c) S 7 42 42 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10 18446744073709551615`;
  expect(parseStat(line)).toEqual({ pid: 42, command: "a (b) c", state: "S", parent: 7, startTicks: 98765 });
});

test("never signals another process that got the id of an earlier one", () => {
  const self = identityOf(process.pid);
  if (self === null) throw new Error("this process has no identity");
  expect(isRunning(self)).toBe(true);
  const earlier = { ...self, startTicks: self.startTicks - 1 };
  expect(isRunning(earlier)).toBe(false);
  // SIGKILL would end this test.
  expect(signal(earlier, "SIGKILL")).toBe(false);
});

test("finds processes by their environment, and ends one that ignores SIGTERM", async () => {
  const entry = `SWEETSPOT_TEST_MARK=${process.pid}`;
  const script = "process.on('SIGTERM', () => undefined); console.log('ready'); setInterval(() => undefined, 1000)";
  const child = spawn(process.execPath, ["-e", script], { env: { SWEETSPOT_TEST_MARK: String(process.pid) } });
  await once(child.stdout, "data");
  const [found, ...more] = processesWithEnvironment(entry);
  expect([found?.pid, more]).toEqual([child.pid, []]);
  if (found === undefined) throw new Error("not found");
  await terminate(found, 100);
  expect(isRunning(found)).toBe(false);
  expect(processesWithEnvironment(entry)).toEqual([]);
});
