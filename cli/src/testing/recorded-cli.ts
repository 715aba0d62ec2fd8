import { EventEmitter } from "node:events";
import { readFile } from "node:fs/promises";
import { TuningReport } from "@sweetspot/crds";
import type { CliContext } from "../context.ts";
import { runCli } from "../program.ts";

/** What a command line wrote, and how it ended. */
export interface Recorded {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export interface RecordedOptions {
  /** Stands for the tuner: its faults and its time are what the tests of the command are about. */
  readonly tune?: Awaited<ReturnType<CliContext["loadTuner"]>>["tune"];
  readonly signals?: EventEmitter;
  readonly now?: () => number;
  readonly endNow?: (code: number) => void;
  readonly interactive?: boolean;
}

/** Runs a command line in this process and records its output. */
export async function recordCli(words: readonly string[], options: RecordedOptions = {}): Promise<Recorded> {
  const written = { out: "", error: "" };
  const noTuner = () => Promise.reject(new Error("this test has no tuner"));
  const code = await runCli(words, {
    terminal: {
      out: (text) => {
        written.out += text;
      },
      error: (text) => {
        written.error += text;
      },
      interactive: options.interactive ?? false,
      outInteractive: options.interactive ?? false,
      columns: 60,
    },
    signals: { source: options.signals ?? new EventEmitter(), now: options.now ?? (() => performance.now()) },
    endNow: options.endNow ?? (() => {}),
    loadTuner: async () => ({ tune: options.tune ?? noTuner }),
  });
  return { code, ...written };
}

/** The golden sample of a report. */
export async function goldenReport(): Promise<TuningReport> {
  const file = new URL("../../../crds/samples/TuningReport.json", import.meta.url);
  return TuningReport.parse(JSON.parse(await readFile(file, "utf8")));
}
