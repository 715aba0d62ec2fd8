import { describe, expect, it } from "vitest";
import { compiledKey, compiledManifest, entryFiles } from "./compile.ts";
import type { Workspace } from "./workspaces.ts";
import { workspaceClosure } from "./workspaces.ts";

const manifest = {
  name: "@sweetspot/thing",
  version: "1.2.3",
  bin: { thing: "./src/main.ts" },
  exports: { ".": "./src/index.ts", "./part": "./src/part.ts" },
  dependencies: { zod: "1.0.0" },
};

const workspace = (files: Readonly<Record<string, string>>): Workspace => ({
  folder: "thing",
  manifest,
  sources: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
});

describe("compiling a workspace", () => {
  it("starts from what others import, from commands, and from programs that nobody imports", () => {
    const names = [
      "index",
      "part",
      "main",
      "deep/engine-child",
      "race-program",
      "simulator-worker",
      "inner",
      "processes",
    ];
    const files = Object.fromEntries(names.map((name) => [`thing/src/${name}.ts`, ""]));
    expect(entryFiles(workspace(files)).sort()).toEqual(
      names
        .slice(0, 6)
        .map((name) => `thing/src/${name}.ts`)
        .sort(),
    );
  });

  it("leaves out what a manifest names and nobody has written yet", () => {
    expect(entryFiles(workspace({ "thing/src/index.ts": "" }))).toEqual(["thing/src/index.ts"]);
  });

  it("points exports and commands at JavaScript", () => {
    expect(compiledManifest(manifest)).toEqual({
      name: "@sweetspot/thing",
      version: "1.2.3",
      type: "module",
      bin: { thing: "./dist/main.js" },
      exports: { ".": "./dist/index.js", "./part": "./dist/part.js" },
      dependencies: { zod: "1.0.0" },
    });
  });

  it("has another key when a source, a name or the manifest changes, and else the same", async () => {
    const key = (files: Readonly<Record<string, string>>) => compiledKey([workspace(files)]);
    const first = await key({ "thing/src/a.ts": "1", "thing/src/b.ts": "2" });
    expect(await key({ "thing/src/a.ts": "1", "thing/src/b.ts": "2" })).toBe(first);
    expect(await key({ "thing/src/a.ts": "12", "thing/src/b.ts": "" })).not.toBe(first);
    expect(await key({ "thing/src/a.ts": "1", "thing/src/c.ts": "2" })).not.toBe(first);
  });
});

describe("the workspaces behind the command", () => {
  it("are those that it depends on, without their tests", async () => {
    const workspaces = await workspaceClosure("cli");
    expect(workspaces.map(({ folder }) => folder)).toEqual(
      expect.arrayContaining(["cli", "crds", "planner", "sidecar", "tuner"]),
    );
    expect(workspaces.map(({ folder }) => folder)).not.toContain("test");
    const paths = workspaces.flatMap(({ sources }) => [...sources.keys()]);
    expect(paths).toContain("tuner/python/quantize.py");
    expect(paths.filter((path) => /test/.test(path))).toEqual([]);
  });
});
