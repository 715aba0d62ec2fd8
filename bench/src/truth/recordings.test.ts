import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { completePasses } from "./recorded-truth.ts";
import { Recording } from "./recording.ts";
import { replayTuner } from "./replay-share.ts";

const folder = fileURLToPath(new URL("../../results/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.startsWith("truth-"));
const longest = 100_000;

describe.each(files)("the committed recording %s", (file) => {
  const text = readFileSync(`${folder}${file}`, "utf8");

  it("is what the schema says, small, and has a table for every point", () => {
    const { points, tables, runs } = Recording.parse(JSON.parse(text));
    expect(text.length).toBeLessThan(longest);
    const placeOf = ({ variant, layout }: { variant: string; layout: object }) => variant + JSON.stringify(layout);
    const measured = new Set(tables.map(placeOf));
    for (const { point } of runs) expect(measured).toContain(placeOf(points[point] as (typeof points)[number]));
  });

  // The full form, twenty seeds of three models, is `npm run proof -- tuner-1`.
  it("can be replayed to a pick that is no worse than half of the best", async () => {
    const recording = Recording.parse(JSON.parse(text));
    if (completePasses(recording).length < 2) return;
    expect((await replayTuner(recording, 1)).quality).toBeGreaterThan(0.5);
  });
});
