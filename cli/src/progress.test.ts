import type { ProgressEvent } from "@sweetspot/tuner";
import { describe, expect, it } from "vitest";
import { progressDisplay } from "./progress.ts";

const events: readonly ProgressEvent[] = [
  { stage: "Environment", message: "Looking at the machine", elapsedSeconds: 0, budgetSeconds: 60 },
  { stage: "CostTable", message: "Measuring Source", elapsedSeconds: 12, budgetSeconds: 60 },
  {
    stage: "CostTable",
    message: "Measuring\u001b[2J INT8",
    elapsedSeconds: 74.6,
    budgetSeconds: 60,
    best: `Source ${"x".repeat(100)}`,
  },
];

function shown(interactive: boolean): string {
  const texts: string[] = [];
  const display = progressDisplay({
    out: () => {},
    error: (text) => texts.push(text),
    interactive,
    outInteractive: interactive,
    columns: 60,
  });
  for (const event of events) display.show(event);
  display.note("A note.");
  display.end();
  return texts.join("");
}

describe("progress", () => {
  it("is one plain line per event where there is no terminal", () => {
    const lines = shown(false).split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe("  0 of 60 s  Environment: Looking at the machine");
    expect(lines[2]).toMatch(/^ 74 of 60 s {2}CostTable: Measuring \[2J INT8 \(best so far: Source x+\)$/);
    expect(lines[3]).toBe("A note.");
    expect(shown(false)).not.toContain("\u001b");
  });

  it("is written over on a terminal, leaves finished stages behind, and never wraps", () => {
    const text = shown(true);
    const rows = text.split("\n").map((row) => row.split("\r\u001b[2K").at(-1) ?? "");
    expect(rows).toEqual([
      "   ok  Environment: Looking at the machine",
      "A note.",
      expect.stringMatching(/^ {3}ok {2}CostTable: Measuring \[2J INT8$/),
      "",
    ]);
    const drawn = text.replaceAll("\r\u001b[2K", "\n").split("\n");
    expect(drawn.every((line) => line.length < 60)).toBe(true);
    // The escapes in the message are gone: only our own remain.
    expect(text.replaceAll("\r\u001b[2K", "")).not.toContain("\u001b");
  });
});
