import { deploymentAccepts, deploymentRejects } from "./deployment-cases.ts";
import { runAccepts, runRejects } from "./run-cases.ts";

/** Fields by path (`spec.targets.0.name`) and the value that each is given; undefined removes the field. */
export type Changes = Readonly<Record<string, unknown>>;

/** What is refused: the field that the complaint names, and the rule where it is one. */
export type Reject = { readonly changes: Changes; readonly path: string; readonly rule?: string };

/** One document with the verdict that zod and the API server must agree on. */
export type ApiCase = {
  readonly name: string;
  readonly kind: "InferenceDeployment" | "TuningRun";
  readonly document: Readonly<Record<string, unknown>>;
  readonly reject: { readonly path: string; readonly rule?: string } | null;
};

const apiVersion = "sweetspot.dev/v1alpha1";
const target = { name: "x64", resources: { cpu: "1", memory: "1Gi" } };
const question = {
  model: { uri: "oci://registry.example.com/models/ocr:1" },
  serviceLevel: { latencyMilliseconds: 50 },
};

/** The least that is accepted; every case is a change of one of them. */
export const minimal = {
  InferenceDeployment: {
    apiVersion,
    kind: "InferenceDeployment",
    metadata: { name: "ocr" },
    spec: { ...question, targets: [target] },
  },
  TuningRun: {
    apiVersion,
    kind: "TuningRun",
    metadata: { name: "ocr-by-hand" },
    spec: { ...question, modelName: "ocr", resources: target.resources },
  },
} as const;

/** A document with some fields changed. Does not touch its argument. */
export function changed(document: object, changes: Changes): Record<string, unknown> {
  const copy = JSON.parse(JSON.stringify(document));
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    const parent = keys.reduce((node, key) => {
      node[key] ??= {};
      return node[key];
    }, copy);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return copy;
}

type Kind = ApiCase["kind"];

const accepting = (kind: Kind, cases: Readonly<Record<string, Changes>>): ApiCase[] =>
  Object.entries(cases).map(([name, changes]) => ({
    name,
    kind,
    document: changed(minimal[kind], changes),
    reject: null,
  }));

const rejecting = (kind: Kind, cases: Readonly<Record<string, Reject>>): ApiCase[] =>
  Object.entries(cases).map(([name, { changes, ...reject }]) => ({
    name,
    kind,
    document: changed(minimal[kind], changes),
    reject,
  }));

export const apiCases: readonly ApiCase[] = [
  ...accepting("InferenceDeployment", deploymentAccepts),
  ...rejecting("InferenceDeployment", deploymentRejects),
  ...accepting("TuningRun", runAccepts),
  ...rejecting("TuningRun", runRejects),
];

/** A change of a TuningRun's spec, which must be refused, and the rule that refuses it. */
export const forbiddenChange = { changes: { "spec.budgetSeconds": 61 }, rule: "SpecIsImmutable" } as const;
