import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument, ReportComparison } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goldenReport, recordCli } from "./testing/recorded-cli.ts";

let directory: string;
let [before, after] = ["", ""];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-cli-"));
  const report = await goldenReport();
  [before, after] = [join(directory, "before.json"), join(directory, "after.json")];
  await writeFile(before, JSON.stringify(report));
  await writeFile(after, JSON.stringify({ ...report, environment: { ...report.environment, kernel: "other" } }));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("sweetspot compare", () => {
  it("shows what changed between two reports", async () => {
    const { code, out } = await recordCli(["compare", before, after]);
    expect(code).toBe(0);
    expect(out).toMatch(/The winner is the same/);
    expect(out).toMatch(/kernel +.* +other/);
  });

  it("prints one document with --json", async () => {
    const { code, out } = await recordCli(["compare", before, after, "--json"]);
    expect(code).toBe(0);
    expect(parseDocument(ReportComparison, out, "the comparison").environment).toHaveLength(1);
  });

  it("says which report is not there", async () => {
    const { code, error } = await recordCli(["compare", before, join(directory, "missing")]);
    expect(code).toBe(3);
    expect(error).toMatch(/There is no .*missing/);
  });
});
