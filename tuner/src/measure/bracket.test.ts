import { describe, expect, it } from "vitest";
import { bracketed } from "./bracket.ts";

const sequence = (values: number[]) => async () => [values.shift() as number];

describe("a bracketed measurement", () => {
  it("is trusted while the reference keeps its speed", async () => {
    const result = await bracketed(sequence([100, 110]), async () => "cell", 2);
    expect(result).toEqual({ value: "cell", contaminated: false });
  });

  it("is repeated when the machine changed speed meanwhile", async () => {
    const cells = ["disturbed", "clean"];
    const result = await bracketed(sequence([100, 200, 205]), async () => cells.shift(), 2);
    expect(result).toEqual({ value: "clean", contaminated: false });
  });

  it("is handed back as contaminated when the machine never calms down", async () => {
    const result = await bracketed(sequence([100, 200, 100, 200]), async () => "cell", 2);
    expect(result).toEqual({ value: "cell", contaminated: true });
  });
});
