import { describe, expect, it } from "vitest";
import { closingLine, countsOfUnittest, countsOfVitest, isSuccess, sum } from "./test-counts.ts";

const file = (status: string, ...tests: [status: string, fullName: string][]) => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map(([testStatus, fullName]) => ({ status: testStatus, fullName })),
});
const report = (...testResults: object[]): string => JSON.stringify({ testResults });

describe("counts of vitest", () => {
  it("add up the tests of all files and name the skipped ones", () => {
    const json = report(
      file("passed", ["passed", "a"], ["pending", "b (skipped without a model)"]),
      file("failed", ["failed", "c"], ["passed", "d"], ["todo", "e"]),
    );
    expect(countsOfVitest(json, 1)).toEqual({ passed: 2, failed: 1, skipped: ["b (skipped without a model)", "e"] });
  });

  it("take a file that could not be loaded for a failure", () => {
    expect(countsOfVitest(report(file("failed"), file("passed", ["passed", "a"])), 1).failed).toBe(1);
  });

  it("take a failed run without a failed test for a failure", () => {
    expect(countsOfVitest(report(file("passed", ["passed", "a"])), 1)).toEqual({ passed: 1, failed: 1, skipped: [] });
  });
});

describe("counts of unittest", () => {
  it("are read from the summary, with the reasons of skipped tests", () => {
    const output = [
      "test_a (test_quantize.A.test_a) ... ok",
      "test_b (test_quantize.A.test_b) ... skipped 'no model'",
      "test_c (test_quantize.A.test_c) ... FAIL",
      "----",
      "Ran 5 tests in 0.011s",
      "",
      "FAILED (failures=1, errors=1, skipped=1)",
    ].join("\n");
    expect(countsOfUnittest(output, 1)).toEqual({ passed: 2, failed: 2, skipped: ["test_b: 'no model'"] });
  });

  it("of a clean run are all passed", () => {
    expect(countsOfUnittest("Ran 1 test in 0.1s\n\nOK\n", 0)).toEqual({ passed: 1, failed: 0, skipped: [] });
  });

  it("take a crash for a failure", () => {
    expect(countsOfUnittest("Segmentation fault", 139)).toEqual({ passed: 0, failed: 1, skipped: [] });
  });
});

describe("the whole run", () => {
  it("closes with the sum over runners", () => {
    const runners = [
      { passed: 3, failed: 0, skipped: ["a"] },
      { passed: 2, failed: 1, skipped: ["b"] },
    ];
    expect(closingLine(sum(runners))).toBe("5 passed, 1 failed, 2 skipped");
  });

  it.each([
    [{ passed: 1, failed: 0, skipped: [] }, true],
    [{ passed: 1, failed: 1, skipped: [] }, false],
    [{ passed: 0, failed: 0, skipped: ["a"] }, false],
    [{ passed: 0, failed: 0, skipped: [] }, false],
  ])("of %j is a success: %s", (counts, success) => {
    expect(isSuccess(counts)).toBe(success);
  });
});
