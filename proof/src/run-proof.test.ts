import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Measure, Proof, ProofOutcome } from "./proof.ts";
import { proofs } from "./registry.ts";
import { runProof } from "./run-proof.ts";

const proofOf = (...measures: Measure[]): Proof => ({
  sentence: "Measures something.",
  load: async () => async (progress) => {
    progress("half way");
    return { measures, raw: { trials: 3 } };
  },
});

async function run(words: readonly string[], proofs: Readonly<Record<string, Proof>>) {
  const [out, error, written]: [string[], string[], [string, ProofOutcome][]] = [[], [], []];
  const code = await runProof(words, {
    proofs,
    out: (line) => out.push(line),
    error: (line) => error.push(line),
    write: async (name, outcome) => {
      written.push([name, outcome]);
    },
  });
  return { code, out, error, written };
}

describe("running a proof", () => {
  const speed = { name: "speed", figure: 1_234_567, atLeast: 1e6, unit: "requests/s" };
  const loss = { name: "loss", figure: 1.5, atMost: 1, unit: "%" };

  it("ends with 0 where it holds, with figure and wanted figure on the last line and progress elsewhere", async () => {
    const { code, out, error, written } = await run(["a-1"], { "a-1": proofOf(speed) });
    expect(code).toBe(0);
    expect(out).toEqual(["a-1 holds: speed 1,235,000 requests/s (wanted at least 1,000,000 requests/s)"]);
    expect(error.at(-1)).toBe("  half way");
    expect(written).toEqual([]);
  });

  it("ends with 1 where one of its measures does not hold, and says which", async () => {
    const { code, out } = await run(["a-1"], { "a-1": proofOf(speed, loss) });
    expect(code).toBe(1);
    expect(out.at(-1)).toMatch(/DOES NOT HOLD: speed .*; loss 1\.5 % \(wanted at most 1 %, missed\)/);
  });

  it("takes bounds on both sides, inclusive, and no figure at all as a miss", async () => {
    const ratio = (figure: number) => proofOf({ name: "ratio", figure, atLeast: 0.85, atMost: 1.15 });
    expect((await run(["a-1"], { "a-1": ratio(0.85) })).code).toBe(0);
    expect((await run(["a-1"], { "a-1": ratio(1.16) })).code).toBe(1);
    expect((await run(["a-1"], { "a-1": ratio(Number.NaN) })).code).toBe(1);
    expect((await run(["a-1"], { "a-1": proofOf() })).code).toBe(1);
  });

  it("does not hold when it fails", async () => {
    const failing: Proof = {
      sentence: "Fails.",
      load: async () => () => Promise.reject(new Error("no such model")),
    };
    const { code, out, error } = await run(["a-1"], { "a-1": failing });
    expect([code, out]).toEqual([1, ["a-1 DOES NOT HOLD: it could not be run"]]);
    expect(error.join("\n")).toContain("no such model");
  });

  it("writes the outcome when asked, held or not", async () => {
    const { written } = await run(["a-1", "--write"], { "a-1": proofOf(loss) });
    expect(written).toEqual([["a-1", { measures: [loss], raw: { trials: 3 } }]]);
  });

  it("lists names with a sentence each, and ends with 2 for what it does not know", async () => {
    const known = { "a-1": proofOf(speed), "long-name-2": proofOf(loss) };
    expect((await run([], known)).out.slice(1)).toEqual([
      "a-1          Measures something.",
      "long-name-2  Measures something.",
    ]);
    expect((await run(["constructor"], known)).code).toBe(2);
    expect((await run(["a-1", "--wirte"], known)).code).toBe(2);
    expect((await run(["a-1", "long-name-2"], known)).code).toBe(2);
  });
});

describe("the proofs", () => {
  it("are all listed in the README, and no others", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const listed = Array.from(readme.matchAll(/^\| `([^`]+)`/gm), ([, name]) => name);
    expect(listed.toSorted()).toEqual(Object.keys(proofs).toSorted());
  });

  it("each say in one sentence what they measure, and can be loaded", async () => {
    for (const { sentence, load } of Object.values(proofs)) {
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(await load()).toBeTypeOf("function");
    }
  });
});
