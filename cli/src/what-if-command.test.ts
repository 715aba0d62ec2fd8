import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument, type TuningReport, WhatIfAnswer } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goldenReport, recordCli } from "./testing/recorded-cli.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-cli-"));
  await writeReport((report) => report);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const writeReport = async (change: (report: TuningReport) => TuningReport) =>
  writeFile(join(directory, "report.json"), JSON.stringify(change(await goldenReport())));

const whatIf = (...words: string[]) => recordCli(["what-if", directory, ...words]);

async function answer(...words: string[]): Promise<WhatIfAnswer> {
  const { code, out, error } = await whatIf(...words, "--json");
  expect([code, error]).toEqual([0, ""]);
  return parseDocument(WhatIfAnswer, out, "the answer");
}

describe("sweetspot what-if", () => {
  it("asks about the tuned target, CPUs and rate unless told otherwise", async () => {
    const { asked, current } = await answer();
    const { question, decision } = await goldenReport();
    expect(asked.serviceLevel).toEqual(question.serviceLevel);
    expect(asked.cpus).toBe(question.cpus);
    expect(asked.requestsPerSecond).toBe(
      question.workload.requestsPerSecond ?? decision.confirmation?.offeredRequestsPerSecond,
    );
    expect(current?.batching).toEqual(decision.plan.batching);
  });

  it("takes a multiple of the usual rate, or a rate", async () => {
    const usual = (await answer()).asked.requestsPerSecond;
    expect((await answer("--rate", "2x")).asked.requestsPerSecond).toBe(2 * usual);
    expect((await answer("--rate", "33")).asked.requestsPerSecond).toBe(33);
  });

  it("needs more replicas for more load and has more capacity with more CPUs", async () => {
    const [usual, flood, large] = [
      await answer(),
      await answer("--rate", "50x"),
      await answer("--cpu", "8", "--p99", "30ms"),
    ];
    expect(flood.best.replicas).toBeGreaterThan(usual.best.replicas ?? Number.NaN);
    expect([flood.best.holds, flood.best.latencyMilliseconds.high]).toEqual(["No", null]);
    expect(large.asked).toMatchObject({ cpus: 8, serviceLevel: { percentile: "P99", latencyMilliseconds: 30 } });
    expect(large.current).toBeNull();
    expect(large.best.layout.instances).toBe(8);
    const { capacityRequestsPerSecond } = usual.best;
    expect(large.best.capacityRequestsPerSecond.estimate).toBeGreaterThan(2 * capacityRequestsPerSecond.estimate);
  });

  it("answers for another mix of lengths", async () => {
    const file = join(directory, "lengths.txt");
    await writeFile(file, "8\n8\n\n 8\n");
    const short = await answer("--lengths", file);
    await writeFile(file, "128\n");
    const long = await answer("--lengths", file);
    const capacity = ({ best }: WhatIfAnswer) => best.capacityRequestsPerSecond.estimate;
    expect(capacity(short)).toBeGreaterThan(2 * capacity(long));
  });

  it("says in words what it found, and that another number of CPUs is a guess", async () => {
    const { out } = await whatIf("--cpu", "4");
    expect(out).toMatch(/^Best plan: OnnxRuntime .*\n {2}Capacity under p99 <= \d+ ms: [\d.,]+\/s \(/);
    expect(out).toMatch(/with 4 is a guess\.\n$/);
  });

  it.each([
    [["--rate", "0x"], 2, /no load at all/],
    [["--rate", "fast"], 2, /no number above 0/],
    [["--cpu", "0"], 2, /whole number from 1/],
    [["--p99", "5ms", "--p50", "1ms"], 2, /exactly one/],
    [["--lengths", "nowhere.txt"], 3, /cannot be read/],
  ])("refuses %j with code %i", async (words, code, expected) => {
    const result = await whatIf(...words);
    expect([result.code, result.out]).toEqual([code, ""]);
    expect(result.error).toMatch(expected);
  });

  it("refuses a file that holds no lengths, and says which line is wrong", async () => {
    const file = join(directory, "lengths.txt");
    for (const [text, expected] of [
      ["", /is empty/],
      ["12\n3.5\n", /Line 2 of/],
      ["-1", /Line 1 of/],
    ] as const) {
      await writeFile(file, text);
      expect(await whatIf("--lengths", file)).toMatchObject({ code: 3, error: expect.stringMatching(expected) });
    }
  });

  it("asks for the mix where an old report does not hold it", async () => {
    await writeReport(({ requestShapes: _, ...old }) => old);
    expect(await whatIf()).toMatchObject({ code: 3, error: expect.stringContaining("Give one with --lengths") });
    await writeFile(join(directory, "lengths.txt"), "16\n");
    expect((await whatIf("--lengths", join(directory, "lengths.txt"))).code).toBe(0);
  });

  it("cannot answer from a tuning that measured nothing", async () => {
    await writeReport((report) => ({ ...report, tables: [] }));
    expect(await whatIf()).toMatchObject({ code: 3, error: expect.stringContaining("no cost table") });
  });
});
