import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { encodeRecord, sha256, TuningReport, type VariantName } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepArtifacts } from "./keep-artifacts.ts";

let directory: string;
let store: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-keep-"));
  store = join(directory, "shared", "store");
  await mkdir(join(directory, "variants"));
  for (const [name, text] of Object.entries({ one: "dynamic", two: "static", other: "of an earlier tuning" })) {
    await writeFile(join(directory, "variants", `${name}.onnx`), text);
  }
});
afterEach(() => rm(directory, { recursive: true }));

/** The golden report of a tuning that made two variants, of which `winner` won. */
async function reportOf(winner: VariantName, content: string): Promise<TuningReport> {
  const text = await readFile(new URL("../../../crds/samples/TuningReport.json", import.meta.url), "utf8");
  const report = TuningReport.parse(JSON.parse(text));
  const [sample] = report.variants;
  if (sample === undefined) throw new Error("the sample report has variants");
  const ready = (variant: VariantName, made: string) =>
    ({ ...sample, variant, state: "Ready", digest: sha256(made) }) as const;
  const variants = [ready("Source", "source"), ready("INT8Dynamic", "dynamic"), ready("INT8Static", "static")];
  const file = `variants/${content === "static" ? "two" : "one"}.onnx`;
  const plan = { ...report.decision.plan };
  plan.artifact = { variant: winner, engine: "OnnxRuntime", file, digest: sha256(content) };
  return { ...report, variants, decision: { ...report.decision, plan } };
}

const kept = (digest: string) => readFile(join(store, "sha256", digest.slice("sha256:".length)));

describe("keeping what a tuning made", () => {
  it("has the models that it made and its whole report, each under its digest, and nothing else", async () => {
    const report = await reportOf("INT8Static", "static");
    const result = await keepArtifacts(report, directory, store);
    expect(result).toMatchObject({ variants: ["INT8Static", "INT8Dynamic"], problem: null });
    for (const content of ["dynamic", "static"]) expect(String(await kept(sha256(content)))).toBe(content);
    expect(JSON.parse(String(gunzipSync(await kept(result.report))))).toEqual(report);
    expect(await readdir(join(store, "sha256"))).toHaveLength(3);
  });

  it("names the report as a Job's log names it", async () => {
    const report = await reportOf("INT8Static", "static");
    const { report: name } = await keepArtifacts(report, directory, store);
    expect(name).toBe(encodeRecord("TuningReport", report).digest);
  });

  it("has the report alone where nothing was made", async () => {
    await rm(join(directory, "variants"), { recursive: true });
    const result = await keepArtifacts(await reportOf("Source", "source"), directory, store);
    expect(result).toMatchObject({ variants: [], problem: null });
    expect(await readdir(join(store, "sha256"))).toHaveLength(1);
  });

  it("says what is wrong with the store instead of failing", async () => {
    await writeFile(join(directory, "shared"), "a file");
    const result = await keepArtifacts(await reportOf("INT8Static", "static"), directory, store);
    expect(result).toMatchObject({ variants: [], problem: "a part of the path is a file" });
  });
});
