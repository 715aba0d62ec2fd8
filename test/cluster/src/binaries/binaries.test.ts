import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheKey, goFolder } from "./cache.ts";
import { allBinaries, buildArguments, catalogue, requiredVersion } from "./catalogue.ts";

const goMod = (module: string) => readFileSync(join(goFolder, module, "go.mod"), "utf8");

test("stamps the version that go.mod requires", () => {
  const args = buildArguments(catalogue.kubelet, goMod("kubernetes"), "/out/kubelet");
  expect(args.join(" ")).toMatch(/-X k8s\.io\/component-base\/version\.gitVersion=v1\.37\.\d+ /);
  expect(args.slice(-3)).toEqual(["-o", "/out/kubelet", "k8s.io/kubernetes/cmd/kubelet"]);
});

test("can name a build of every program from the modules that are here", () => {
  for (const name of allBinaries) {
    const { module } = catalogue[name];
    expect(buildArguments(catalogue[name], goMod(module), name)[0]).toBe("build");
  }
});

test("reads a version only of the module that was asked for", () => {
  const text = "module x\n\nrequire (\n\tk8s.io/kubernetes-tools v9.0.0\n\tk8s.io/kubernetes v1.2.3 // indirect\n)\n";
  expect(requiredVersion(text, "k8s.io/kubernetes")).toBe("v1.2.3");
  expect(() => requiredVersion(text, "k8s.io/other")).toThrow(/requires no/);
});

test("keeps another cache for another source, Go or processor", () => {
  const files = new Map([["go.mod", "a"]]);
  const keys = [
    cacheKey(files, "go1.26.8", "x64"),
    cacheKey(files, "go1.26.9", "x64"),
    cacheKey(files, "go1.26.8", "arm64"),
    cacheKey(new Map([["go.mod", "b"]]), "go1.26.8", "x64"),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(
    cacheKey(
      new Map([
        ["b", ""],
        ["a", ""],
      ]),
      "g",
      "x",
    ),
  ).toBe(
    cacheKey(
      new Map([
        ["a", ""],
        ["b", ""],
      ]),
      "g",
      "x",
    ),
  );
});
