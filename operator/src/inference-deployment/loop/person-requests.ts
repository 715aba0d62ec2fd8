import type { RetuningWork } from "@sweetspot/crds";
import type { StoredInferenceDeployment } from "../../resources.ts";
import { requestKeys } from "../../specs/names.ts";
import type { Answer } from "../answer.ts";
import { goBack, iso, type Moment, promote as promoted } from "./revisions.ts";
import { revisionNamed } from "./serving.ts";
import type { StoredHistory } from "./stored-history.ts";

/** What people ask of an InferenceDeployment by its annotations. */
export interface PersonRequests {
  /** Any new value asks once. */
  readonly retune: string;
  readonly rollback: string;
  /** A revision to serve from now on: it is watched, and taken back, as any other. */
  readonly promote: string;
  /** A revision to stay with; null for none. */
  readonly pin: string | null;
}

const longest = 128;

export function personRequests({ metadata: { annotations = {} } }: StoredInferenceDeployment): PersonRequests {
  const value = (key: string) => (annotations[key] ?? "").slice(0, longest);
  return {
    retune: value(requestKeys.retune),
    rollback: value(requestKeys.rollback),
    promote: value(requestKeys.promote),
    pin: annotations[requestKeys.pin] ?? null,
  };
}

interface Asked {
  readonly requests: PersonRequests;
  readonly answers: readonly Answer[];
  readonly attempts: { readonly last: number };
}

/** The history in which what people ask for is done or begun, once for each value. They need no budget. */
export function obeyPerson(
  stored: StoredHistory,
  { requests, answers, attempts }: Asked,
  moment: Moment,
): StoredHistory {
  const { retune, rollback, promote } = requests;
  const { obeyed } = stored.history;
  if (retune === obeyed.retune && rollback === obeyed.rollback && promote === obeyed.promote) return stored;
  let { history } = stored;
  const current = revisionNamed(history.serving, stored, answers);
  const back = revisionNamed(current?.revision.previous ?? null, stored, answers);
  if (rollback !== "" && rollback !== obeyed.rollback && back !== null) {
    history = goBack(history, back.revision.name, "Somebody asked for the plan before it.", moment);
  }
  const wanted = promote === obeyed.promote ? null : revisionNamed(promote, { ...stored, history }, answers);
  if (wanted !== null && promote !== history.serving) {
    history = promoted(history, { ...wanted.revision, message: "Somebody asked for it." }, moment);
  }
  if (retune !== "" && retune !== obeyed.retune) {
    const work: RetuningWork = {
      kind: "Benchmark",
      cause: null,
      at: iso(moment.now),
      traffic: moment.traffic,
      slowdown: 1,
      attempt: attempts.last + 1,
    };
    history = { ...history, work };
  }
  return { ...stored, history: { ...history, obeyed: { retune, rollback, promote } } };
}
