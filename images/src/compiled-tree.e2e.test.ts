import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ocrModels } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "./run-program.ts";
import { openApplication } from "./testing/application.ts";
import { largestDifference, Serving } from "./testing/serving.ts";

let application: Awaited<ReturnType<typeof openApplication>>;
beforeAll(async () => {
  application = await openApplication("cli");
}, 5 * 60_000);
afterAll(() => application?.close());

const command = () => join(application.folder, "bin", "sweetspot");

/** Files that no source imports: each is the program of a process. */
const programs = [
  "sidecar/dist/engine/onnxruntime-child.js",
  "sidecar/dist/pipeline/preprocess-worker.js",
  "tuner/dist/race/sidecar-program.js",
  "tuner/dist/load/load-process.js",
];

/** The files that a compiled file names by a relative path: imports, and programs, whose ending is that of its own name. */
function namedFiles(file: string, text: string): string[] {
  const name = /["'`](\.\.?\/[^"'`$]*?)(?:\.js["'`]|\$\{extname\(import\.meta\.url\)\}`)/g;
  return Array.from(text.matchAll(name), ([, path]) => join(dirname(file), `${path}.js`));
}

describe("the compiled sources with a production install", () => {
  it("run as the command that development runs", async () => {
    const [compiled, source] = await Promise.all([
      runProgram(process.execPath, [command(), "--help"]),
      runProgram(process.execPath, [join(import.meta.dirname, "../../cli/src/main.ts"), "--help"]),
    ]);
    expect(compiled).toContain("serve");
    expect(compiled).toBe(source);
  });

  it("have every file that they import or start", () => {
    const files = globSync("*/dist/**/*.js", { cwd: application.folder });
    expect(files.length).toBeGreaterThan(100);
    const named = files.flatMap((file) => namedFiles(file, readFileSync(join(application.folder, file), "utf8")));
    expect(named).toEqual(expect.arrayContaining(programs));
    expect(named.filter((file) => !existsSync(join(application.folder, file)))).toEqual([]);
  });

  it("hold no TypeScript and no tests", () => {
    expect(
      globSync("{crds,planner,sidecar,tuner,cli}/**/{*.ts,*.test.*,testing,test_*}", { cwd: application.folder }),
    ).toEqual([]);
  });

  it("serve a model, with the engine in a process of its own", async () => {
    const serving = await Serving.start([process.execPath, command(), "serve"], ocrModels.recogniser);
    try {
      const { served, direct } = await serving.recognise(3);
      expect(direct.length).toBeGreaterThan(6625);
      expect(largestDifference(served, direct)).toBeLessThan(1e-4);
    } finally {
      expect(await serving.stop()).toBe(0);
    }
  });
});
