import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument, ServingPlan } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goldenReport, recordCli } from "./testing/recorded-cli.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-cli-"));
  await writeFile(join(directory, "report.json"), JSON.stringify(await goldenReport()));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const replan = (...words: string[]) => recordCli(["replan", directory, ...words]);
const planIn = async (file: string) => parseDocument(ServingPlan, await readFile(file, "utf8"), file);

describe("sweetspot replan", () => {
  it("plans for another target with the same model file, table and everything else", async () => {
    const { code, out } = await replan("--p99", "300ms", "--json");
    expect(code).toBe(0);
    const plan = parseDocument(ServingPlan, out, "the plan");
    const before = (await goldenReport()).decision.plan;
    expect(plan.serviceLevel).toEqual({ percentile: "P99", latencyMilliseconds: 300 });
    expect(plan.revision).not.toBe(before.revision);
    const { revision: _, serviceLevel: _target, layout: _layout, batching, costTable: _table, ...rest } = plan;
    expect(before).toMatchObject(rest);
    expect(batching.maximumRows).toBeGreaterThanOrEqual(before.batching.maximumRows);
  });

  it("writes a plan that finds its model file from wherever it is", async () => {
    await mkdir(join(directory, "elsewhere"));
    const [beside, elsewhere] = [join(directory, "new.json"), join(directory, "elsewhere", "new.json")];
    for (const file of [beside, elsewhere]) expect((await replan("--out", file)).code).toBe(0);
    const { artifact } = (await goldenReport()).decision.plan;
    expect((await planIn(beside)).artifact.file).toBe(artifact.file);
    expect((await planIn(elsewhere)).artifact.file).toBe(join(directory, artifact.file));
  });

  it("says whether the plan stays, and what it would do", async () => {
    const { out } = await replan("--rate", "2x");
    expect(out).toMatch(/^(The plan stays|New plan): OnnxRuntime /);
    expect(out).toMatch(/Capacity under p99 <= \d+ ms/);
    expect(out).toContain("95 % intervals");
  });

  it("answers a mix of long requests with less capacity", async () => {
    const file = join(directory, "lengths.txt");
    const capacity = async (lengths: string) => {
      await writeFile(file, lengths);
      const { out } = await replan("--lengths", file);
      return Number(/Capacity under [^:]*: ([\d.,]+)/.exec(out)?.[1]?.replaceAll(",", ""));
    };
    expect(await capacity("8\n16\n")).toBeGreaterThan(2 * (await capacity("128\n")));
  });

  it("ends with 4 where the plan cannot be written", async () => {
    expect((await replan("--out", join(directory, "no", "such", "plan.json"))).code).toBe(4);
  });
});
