import { describe, expect, it } from "vitest";
import { optionProblem } from "./engine-options.ts";

describe("the options of an engine", () => {
  it("are taken where the engine knows them", () => {
    expect(optionProblem("OnnxRuntime", { graphOptimizationLevel: "extended", enableMemPattern: "0" })).toBeNull();
    expect(optionProblem("OnnxRuntime")).toBeNull();
  });

  it("are refused by name where it does not, with those that it has", () => {
    expect(optionProblem("OnnxRuntime", { grafOptimization: "all" })).toMatch(/"grafOptimization".*enableCpuMemArena/);
    expect(optionProblem("OnnxRuntime", { toString: "1" })).toMatch(/no option "toString"/);
  });

  it("are refused with a value that the engine would ignore", () => {
    expect(optionProblem("OnnxRuntime", { graphOptimizationLevel: "99" })).toMatch(/"99".*disabled, basic/);
  });
});
