import { expect, test } from "vitest";
import { mayLowerOomScores, missingPackages } from "./requirements.ts";

test("names the packages of programs that are not in PATH, each once", () => {
  const missing = missingPackages("/nonexistent");
  expect(missing).toEqual(expect.arrayContaining(["runc", "iptables", "conntrack", "iproute2", "util-linux"]));
  expect(new Set(missing).size).toBe(missing.length);
});

test("reads from the capabilities whether OOM scores may be lowered", () => {
  expect(mayLowerOomScores("Name:\tnode\nCapEff:\t000001ffffffffff\n")).toBe(true);
  expect(mayLowerOomScores("Name:\tnode\nCapEff:\t000001fffeffffff\n")).toBe(false);
  expect(mayLowerOomScores("")).toBe(false);
});
