import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Padding } from "@sweetspot/crds";
import { usableCpuCount } from "@sweetspot/sidecar";
import { type LoadableVariant, makeVariants, type OpenedModel, openTuning, type TuneRequest } from "@sweetspot/tuner";
import * as z from "zod";

/** What INT8 variants look like depends on the instruction sets of the machine that makes them. */
const Kept = z.object({
  digest: z.string(),
  instructionSets: z.array(z.string()),
  eligible: z.array(
    z.object({ variant: z.string(), file: z.string(), digest: z.string(), padding: Padding.optional() }),
  ),
});

/** A model with its variants, ready to be measured. */
export interface PreparedModel {
  readonly request: TuneRequest;
  readonly model: OpenedModel;
  readonly cpus: number;
  readonly variants: readonly LoadableVariant[];
  readonly machine: { readonly cpuModel: string; readonly cpus: number; readonly instructionSets: string[] };
}

/** Opens the model and makes its variants, or takes those that were made before. */
export async function prepareModel(request: TuneRequest): Promise<PreparedModel> {
  const hooks = { signal: new AbortController().signal, progress: () => undefined };
  const state = await openTuning(request, hooks);
  const { model, environment } = state;
  const file = join(request.outputDirectory, "variants.json");
  const kept = existsSync(file) ? Kept.parse(JSON.parse(await readFile(file, "utf8"))) : null;
  const cpus = usableCpuCount();
  const machine = { cpuModel: environment.cpuModel, cpus, instructionSets: [...environment.instructionSets] };
  if (kept !== null && isCurrent(kept, model, machine.instructionSets)) {
    const variants = kept.eligible.map(({ padding, ...rest }) => ({ ...rest, padding })) as LoadableVariant[];
    return { request, model, cpus, variants, machine };
  }
  await makeVariants(state);
  for (const { variant, state: ended, message } of state.variants) console.error(`  ${variant}: ${ended}. ${message}`);
  await writeFile(
    file,
    JSON.stringify({ digest: model.source.digest, instructionSets: machine.instructionSets, eligible: state.eligible }),
  );
  return { request, model, cpus, variants: state.eligible, machine };
}

const isCurrent = ({ digest, instructionSets, eligible }: z.infer<typeof Kept>, model: OpenedModel, own: string[]) =>
  digest === model.source.digest &&
  isDeepStrictEqual(instructionSets, own) &&
  eligible.every(({ file }) => existsSync(file));
