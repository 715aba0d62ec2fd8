import { describe, expect, it } from "vitest";
import { importProblems, importsOf } from "./check-imports.ts";

const importing = (name: string): string => `import { thing } from "${name}";`;

describe("the imports of a source", () => {
  it("are found in every form", () => {
    const source = [
      'import "a";',
      'import type { B } from "b";',
      'import {\n  c,\n  d,\n} from "c";',
      'export * from "d";',
      'export { type E, e } from "e";',
      'const f = await import("f");',
      'import g, * as h from "g";',
      'const text = "from nowhere";',
    ].join("\n");
    expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });
});

describe("an import that is allowed", () => {
  it.each([
    ["planner/src/a.ts", "@sweetspot/crds"],
    ["sidecar/src/a.ts", "@sweetspot/planner"],
    ["tuner/src/a.ts", "@sweetspot/sidecar"],
    ["cli/src/a.ts", "@sweetspot/tuner"],
    ["demo/src/a.ts", "@sweetspot/test"],
    ["bench/src/a.ts", "@sweetspot/test"],
    ["sidecar/src/server/a.test.ts", "@sweetspot/test"],
    ["sidecar/src/server/a.test.ts", "../../../test/src/models/ocr.ts"],
    ["planner/src/testing/a.ts", "@sweetspot/test"],
    ["planner/src/search/a.test.ts", "node:fs"],
    ["planner/src/search/a.ts", "../cost/b.ts"],
    ["sidecar/src/a.ts", "fastify"],
    ["scripts/check.ts", "../crds/src/generate.ts"],
  ])("%s from %s raises no problem", (file, name) => {
    expect(importProblems(file, importing(name))).toEqual([]);
  });
});

describe("an import that is refused", () => {
  it.each([
    ["crds/src/a.ts", "@sweetspot/planner", "may import only nothing"],
    ["planner/src/a.ts", "@sweetspot/sidecar", "may import only crds"],
    ["sidecar/src/a.ts", "@sweetspot/tuner", "may import only crds, planner"],
    ["tuner/src/a.ts", "@sweetspot/cli", "may import only"],
    ["sidecar/src/a.ts", "@sweetspot/test", "may import only"],
    ["planner/src/a.test.ts", "@sweetspot/sidecar", "may import only crds, test"],
    ["sidecar/src/a.ts", "../../planner/src/index.ts", "imported by its name"],
    ["sidecar/src/a.test.ts", "../../planner/src/index.ts", "imported by its name"],
    ["sidecar/src/a.ts", "../../test/src/index.ts", "imported by its name"],
    ["planner/src/a.ts", "node:fs", "no I/O"],
  ])("%s from %s is named with the rule", (file, name, rule) => {
    const problems = importProblems(file, importing(name));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${file} imports ${name}`);
    expect(problems[0]).toContain(rule);
  });
});
