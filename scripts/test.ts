import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runChecks } from "./checks.ts";
import { root, runTool } from "./run-tool.ts";
import { type Counts, closingLine, countsOfUnittest, countsOfVitest, isSuccess, nothing, sum } from "./test-counts.ts";

const vitestReport = join(root, ".cache", "vitest.json");
const python = join(root, ".cache", "python", "bin", "python");

/** Each check counts as one test. */
async function checks(): Promise<Counts> {
  const results = await runChecks();
  const passed = results.filter((result) => result.passed).length;
  return { passed, failed: results.length - passed, skipped: [] };
}

/** Unit and integration tests. `filters` are vitest's: parts of file names, and options. */
async function vitest(filters: readonly string[]): Promise<Counts> {
  mkdirSync(dirname(vitestReport), { recursive: true });
  rmSync(vitestReport, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${vitestReport}`];
  const { code } = await runTool("vitest", ["run", ...reporters, ...filters], { shown: true });
  if (!existsSync(vitestReport)) return { ...nothing, failed: 1 };
  return countsOfVitest(readFileSync(vitestReport, "utf8"), code);
}

async function unittest(): Promise<Counts> {
  const files = globSync("tuner/python/test_*.py", { cwd: root });
  if (files.length === 0) return nothing;
  if (!existsSync(python)) {
    return { ...nothing, skipped: files.map((file) => `${file}: set-up could not make the Python environment`) };
  }
  const args = ["-m", "unittest", "discover", "-v", "-s", "tuner/python", "-p", "test_*.py"];
  const { code, output } = await runTool(python, args);
  process.stdout.write(output);
  return countsOfUnittest(output, code);
}

const filters = process.argv.slice(2);
const runners = filters.length === 0 ? [checks, () => vitest([]), unittest] : [() => vitest(filters)];

const counts: Counts[] = [];
for (const runner of runners) counts.push(await runner());

const total = sum(counts);
for (const name of total.skipped) console.log(`skipped: ${name}`);
console.log(closingLine(total));
if (!isSuccess(total)) process.exitCode = 1;
