import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const folder = new URL("./", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const codes = (text: string): string[] => text.match(/\b[A-Z]\d+\b/g) ?? [];

it("has a test for each promise of the README, and no test names another", () => {
  const promised = Array.from(read("README.md").matchAll(/^- \*\*([A-Z]\d+)\*\*/gm), ([, code = ""]) => code);
  const tests = globSync("**/*.test.ts", { cwd: folder.pathname }).map(read);
  const titles = tests.flatMap((text) =>
    Array.from(text.matchAll(/\b(?:it|test)(?:\.\w+\(.*\))?\(\s*"(.*)"/g), ([, title = ""]) => title),
  );
  expect([...new Set(titles.flatMap(codes))].sort()).toEqual(promised.sort());
  expect(promised.length).toBeGreaterThan(40);
});
