import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { binariesAreThere, ensureBinaries } from "../../cluster/src/binaries/binaries.ts";
import { type RunResult, run, tryRun } from "../../cluster/src/process/run.ts";

export const chart = join(import.meta.dirname, "..", "..", "..", "charts", "sweetspot");

/** Name and namespace of the release in all tests. */
export const release = { name: "sweetspot", namespace: "sweetspot-system" } as const;

/** The user name of the operator's service account in that release. */
export const operatorUser = `system:serviceaccount:${release.namespace}:sweetspot-operator`;

/** Building helm takes minutes; the cluster's own set-up does it before the tests. */
export const withoutHelm = !(await binariesAreThere(["helm"]));

/** An object as it is sent to the API server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Values as `--set-json` takes them: `{"crds.enabled": false}`. */
export type Values = Readonly<Record<string, unknown>>;

const valueArguments = (values: Values): string[] =>
  Object.entries(values).flatMap(([path, value]) => ["--set-json", `${path}=${JSON.stringify(value)}`]);

const templateCommand = async (values: Values, more: readonly string[]): Promise<[string, ...string[]]> => {
  const { helm } = await ensureBinaries(["helm"]);
  return [helm, "template", release.name, chart, "-n", release.namespace, ...valueArguments(values), ...more];
};

/** The objects of the chart with these values, without a cluster. Throws `CommandFailed` when helm refuses. */
export async function render(values: Values = {}, ...more: string[]): Promise<Manifest[]> {
  return objectsOf(await run(await templateCommand(values, more)));
}

/** As `render`, for values that helm should refuse. */
export async function attempt(values: Values, ...more: string[]): Promise<RunResult> {
  return tryRun(await templateCommand(values, more));
}

/** Runs helm with arguments of one's own. */
export async function runHelm(...args: string[]): Promise<RunResult> {
  const binaries = await ensureBinaries(["helm"]);
  return tryRun([binaries.helm, ...args]);
}

/** The objects in a text of YAML documents. Throws when one is not YAML, or holds a key twice. */
function objectsOf(text: string): Manifest[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((object) => object !== null);
}

/** All objects of a kind. */
export const ofKind = (objects: readonly Manifest[], kind: string): Manifest[] =>
  objects.filter((object) => object.kind === kind);

/** The object of a kind; of several the one whose name ends so. Throws when there is not just one. */
export function the(objects: readonly Manifest[], kind: string, ending = ""): Manifest {
  const found = ofKind(objects, kind).filter(({ metadata }) => metadata.name.endsWith(ending));
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`The chart has ${found.length} objects of kind ${kind} with a name that ends in "${ending}".`);
  }
  return found[0];
}
