import { resolve } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import type { CliContext } from "./context.ts";

/** Keeps what a tuning made in the artifact store, where one is given. A store that cannot be used is told of, and no failure. */
export async function keepInStore(
  report: TuningReport,
  directory: string,
  artifacts: string | undefined,
  { terminal }: CliContext,
): Promise<void> {
  if (artifacts === undefined) return;
  const { keepArtifacts } = await import("@sweetspot/tuner");
  const { variants, report: name, problem } = await keepArtifacts(report, directory, resolve(artifacts));
  terminal.error(
    problem === null
      ? `Kept the report ${name} and ${variants.length} models in ${artifacts}\n`
      : `Not all could be kept in the artifact store ${artifacts}: ${problem}. The results are complete without it; correct the store and tune again to fill it.\n`,
  );
}
