import { DocumentError, Name, PlanTrial, parseDocument } from "@sweetspot/crds";
import { PlanError } from "./plan-error.ts";

/** A trial as it was found, with the folder that relative paths of its plan start from. */
export interface FoundTrial {
  readonly text: string;
  readonly folder: string;
  /** The artifact store that its model may be taken from. */
  readonly store: string | null;
}

/** Null where there is nothing to try. */
export const foundTrial = (text: string | null, folder: string, store: string | null = null): FoundTrial | null =>
  text === null || text.trim() === "" ? null : { text, folder, store };

/** Reads the text of a trial. Throws `PlanError`. */
export function parseTrial(text: string): PlanTrial {
  try {
    return parseDocument(PlanTrial, text, "The trial");
  } catch (error) {
    if (error instanceof DocumentError) throw new PlanError(error.message.slice(0, 1000), { cause: error });
    throw error;
  }
}

/** Its id, also where the rest cannot be read, so that whoever wrote it knows which one was refused. */
export function trialIdOf(text: string): string | null {
  try {
    const { id } = JSON.parse(text) as { readonly id?: unknown };
    return Name.safeParse(id).data ?? null;
  } catch {
    return null;
  }
}
