import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Progress, ProofOutcome } from "./proof.ts";

const root = join(import.meta.dirname, "..", "..");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");

/** What is looked at in the report of Vitest's reporter `json`, which is Jest's format. */
interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly TestResult[] }[];
}
interface TestResult {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

/** Tests by their files, relative to the root, and the configuration that has them. */
interface TestFiles {
  readonly config?: "vitest.config.ts" | "vitest.e2e.config.ts";
  readonly files: readonly string[];
}

/** A row whose full form is a part of `npm test`: those tests alone. What is skipped proves nothing. */
export const proveByTests =
  (groups: readonly TestFiles[]) =>
  async (progress: Progress): Promise<ProofOutcome> => {
    const tests: TestResult[] = [];
    for (const group of groups) tests.push(...(await runTests(group, progress)));
    const count = (wanted: (status: string) => boolean) => tests.filter(({ status }) => wanted(status)).length;
    const [passed, failed] = [count((status) => status === "passed"), count((status) => status === "failed")];
    return {
      measures: [
        { name: "tests that passed", figure: passed, atLeast: groups.length },
        { name: "that failed", figure: failed, atMost: 0 },
        { name: "that were skipped", figure: tests.length - passed - failed, atMost: 0 },
      ],
      raw: tests,
    };
  };

async function runTests({ config = "vitest.config.ts", files }: TestFiles, progress: Progress): Promise<TestResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-proof-"));
  try {
    progress(files.join(", "));
    const report = join(folder, "report.json");
    const words = ["run", "--config", config, "--reporter=json", `--outputFile=${report}`, ...files];
    const child = spawn(process.execPath, [vitest, ...words], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    const [code] = await once(child, "exit");
    const { testResults } = JSON.parse(await readFile(report, "utf8")) as Report;
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = tests.filter(({ status }) => status === "failed");
    for (const { fullName, failureMessages = [] } of failed) {
      progress([`failed: ${fullName}`, ...failureMessages.map(firstLine)].join("\n    "));
    }
    // A file that could not be loaded has no tests.
    if (code !== 0 && failed.length === 0) throw new Error(`Vitest ended with ${code} without a test that failed`);
    return tests.map(({ fullName, status }) => ({ fullName, status }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0] as string;
