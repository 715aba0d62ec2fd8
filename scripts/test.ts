import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runChecks } from "./checks.ts";
import { root, runTool } from "./run-tool.ts";
import { type Counts, closingLine, countsOfUnittest, countsOfVitest, isSuccess, nothing, sum } from "./test-counts.ts";

const python = join(root, ".cache", "python", "bin", "python");

/** Each check counts as one test. */
async function checks(): Promise<Counts> {
  const results = await runChecks();
  const passed = results.filter((result) => result.passed).length;
  return { passed, failed: results.length - passed, skipped: [] };
}

interface VitestRun {
  readonly name: string;
  /** Vitest's: parts of file names, and options. */
  readonly words: readonly string[];
  /** Beside another run, which has the terminal and goes first on the CPUs: what it prints is printed at its end. */
  readonly aside?: boolean;
}

async function vitest({ name, words, aside = false }: VitestRun): Promise<Counts> {
  const report = join(root, ".cache", `vitest-${name}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const command = [...(aside ? ["nice", "-n", "19"] : []), "vitest", "run", ...reporters, ...words];
  const { code, output } = await runTool(command[0] as string, command.slice(1), { shown: !aside });
  process.stdout.write(output);
  if (!existsSync(report)) return { ...nothing, failed: 1 };
  return countsOfVitest(readFileSync(report, "utf8"), code);
}

/** Real processes, models and API servers. Each has a time by which it must be there, so nothing else runs beside them. */
const acting = ["processes", "conversions", "api-server"].flatMap((name) => ["--project", name]);
const processes = () => vitest({ name: "processes", words: acting });

/** Tests on real clusters and of images. They wait half of their time, in which those that decide run, which nothing makes late. */
async function clusters(): Promise<Counts> {
  const words = ["--project", "decisions", "--maxWorkers=1"];
  return sum(await Promise.all([endToEnd([]), vitest({ name: "decisions", words, aside: true })]));
}

const fast = (filters: readonly string[]) => vitest({ name: "fast", words: filters });
async function endToEnd(filters: readonly string[]): Promise<Counts> {
  await images;
  return vitest({ name: "e2e", words: ["--config", "vitest.e2e.config.ts", ...filters] });
}

let images: Promise<unknown> = Promise.resolve();
/** While the fast tests run, which do not need them; a failure is said by the tests that do. */
async function startImages(): Promise<Counts> {
  images = runTool(process.execPath, ["scripts/build-test-images.ts"]);
  return nothing;
}

/**
 * Programs of the test cluster, once for all tests: a quarter of an hour on a new machine. Where they cannot be built,
 * the tests that need them say so and are skipped.
 */
async function clusterPrograms(): Promise<Counts> {
  await runTool(process.execPath, ["test/cluster/src/main.ts", "build"], { shown: true });
  return nothing;
}

/** Only the runner that has such tests is started. */
function chosen(filters: readonly string[]): (() => Promise<Counts>)[] {
  const names = filters.filter((filter) => !filter.startsWith("-"));
  const files = globSync("**/*.test.ts", { cwd: root, exclude: ["**/node_modules/**"] });
  const found = files.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  const isEndToEnd = (file: string) => file.endsWith(".e2e.test.ts");
  return [
    ...(found.every(isEndToEnd) ? [] : [() => fast(filters)]),
    ...(found.some(isEndToEnd) ? [() => endToEnd(filters)] : []),
  ];
}

/** Tests of the Python programs in one folder. */
async function unittest(folder: string): Promise<Counts> {
  const files = globSync(`${folder}/test_*.py`, { cwd: root });
  if (files.length === 0) return nothing;
  if (!existsSync(python)) {
    return { ...nothing, skipped: files.map((file) => `${file}: set-up could not make the Python environment`) };
  }
  const args = ["-m", "unittest", "discover", "-v", "-s", folder, "-p", "test_*.py"];
  const { code, output } = await runTool(python, args);
  process.stdout.write(output);
  return countsOfUnittest(output, code);
}

const filters = process.argv.slice(2);
const pythonTests = async () => sum([await unittest("tuner/python"), await unittest("sidecar/python")]);
const everything = [checks, clusterPrograms, startImages, processes, pythonTests, clusters];
const runners = filters.length === 0 ? everything : chosen(filters);

const counts: Counts[] = [];
for (const runner of runners) counts.push(await runner());

const total = sum(counts);
for (const name of total.skipped) console.log(`skipped: ${name}`);
console.log(closingLine(total));
if (!isSuccess(total)) process.exitCode = 1;
