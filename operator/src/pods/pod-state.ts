import type { ContainerStatus, Pod } from "../resources.ts";
import { fetchContainerName } from "../settings.ts";

/** What keeps a pod from running, with the words of whoever knows. */
export type PodProblem =
  | { readonly kind: "Unschedulable"; readonly detail: string }
  | { readonly kind: "ImageCannotBePulled"; readonly image: string; readonly detail: string }
  | { readonly kind: "CannotMount"; readonly detail: string }
  | { readonly kind: "CannotFetch"; readonly detail: string }
  | { readonly kind: "Crashed"; readonly detail: string; readonly exitCode: number };

const longestDetail = 400;

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True");

export const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** Succeeded, failed or evicted: it will not run again. */
export const isOver = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** Why the pod does not run; null while it runs, or while nothing is known to be wrong. */
export function problemOf(pod: Pod): PodProblem | null {
  return schedulingProblem(pod) ?? containerProblem(pod);
}

function schedulingProblem({ status }: Pod): PodProblem | null {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False") return null;
  return { kind: "Unschedulable", detail: clipped(scheduled.message ?? "the scheduler gives no reason") };
}

function containerProblem(pod: Pod): PodProblem | null {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  for (const container of [...initContainerStatuses, ...containerStatuses]) {
    const problem = pullProblem(pod, container) ?? crashOf(container);
    if (problem === null) continue;
    const fetches = container.name === fetchContainerName && problem.kind === "Crashed";
    return fetches ? { kind: "CannotFetch", detail: problem.detail } : problem;
  }
  return null;
}

/** The kubelet's words for an image, of a container or of a volume, that it could not get. */
const pullReasons = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
  "ImageVolumeMountFailed",
]);
const mountReasons = new Set(["CreateContainerConfigError", "CreateContainerError"]);

function pullProblem(pod: Pod, { name, state }: ContainerStatus): PodProblem | null {
  const waiting = state?.waiting;
  if (waiting?.reason === undefined) return null;
  const detail = clipped(waiting.message ?? waiting.reason);
  if (mountReasons.has(waiting.reason)) return { kind: "CannotMount", detail };
  if (!pullReasons.has(waiting.reason)) return null;
  const own = pod.spec?.containers.find((container) => container.name === name)?.image ?? "";
  return { kind: "ImageCannotBePulled", image: imageIn(detail) ?? own, detail };
}

/** The kubelet names the image in quotes: `Back-off pulling image "registry/repository:tag": ...`. */
const imageIn = (message: string): string | null => /image "([^"\s]{1,512})"/.exec(message)?.[1] ?? null;

/**
 * A container that ended is only a problem when it did so with an error; why is what it said last. One that runs again has
 * that problem until it has started: or else every try of a container that cannot start would look like a recovery.
 */
function crashOf({ state, lastState, started }: ContainerStatus): PodProblem | null {
  const runsAgain = state?.running !== undefined && started === true;
  const ended = state?.terminated ?? (runsAgain ? undefined : lastState?.terminated);
  if (ended === undefined || ended.exitCode === 0) return null;
  const detail = lastLine(ended.message) ?? ended.reason ?? `it ended with exit code ${ended.exitCode}`;
  return { kind: "Crashed", detail: clipped(detail), exitCode: ended.exitCode };
}

/** The PersistentVolumeClaim that the scheduler looks for in vain. */
export const missingClaim = (problem: PodProblem | null): string | null =>
  problem?.kind === "Unschedulable"
    ? (/persistentvolumeclaim "([^"]{1,253})" not found/.exec(problem.detail)?.[1] ?? null)
    : null;

const lastLine = (text: string | undefined): string | undefined =>
  text
    ?.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .at(-1);

function clipped(text: string): string {
  const plain = text.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  return plain.length <= longestDetail ? plain : `${plain.slice(0, longestDetail - 1)}…`;
}

/** Milliseconds since an instant of the API server; 0 when it has none. */
export const sinceMilliseconds = (instant: string | undefined, now: number): number =>
  instant === undefined ? 0 : Math.max(0, now - Date.parse(instant));
