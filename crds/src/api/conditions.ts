import { inferenceDeploymentConditions } from "./inference-deployment-conditions.ts";
import { tuningRunConditions } from "./tuning-run-conditions.ts";

/** All conditions of a resource, with their closed lists of reasons. Conditions, events and metrics use these words. */
export const conditions = {
  InferenceDeployment: inferenceDeploymentConditions,
  TuningRun: tuningRunConditions,
} as const satisfies Record<string, ConditionTable>;

export type ConditionStatus = "True" | "False" | "Unknown";

/** What one reason says. `message` and `action` may hold `{placeholders}`. */
export type Reason = {
  readonly status: ConditionStatus;
  /** What happened. */
  readonly message: string;
  /** What the user does next; empty when there is nothing to do. */
  readonly action: string;
};

export type ConditionTable = Readonly<
  Record<string, { readonly description: string; readonly reasons: Readonly<Record<string, Reason>> }>
>;

export type ResourceKind = keyof typeof conditions;
export type ConditionType<K extends ResourceKind> = keyof (typeof conditions)[K] & string;

type ReasonsOf<K extends ResourceKind, T extends ConditionType<K>> = (typeof conditions)[K][T] extends {
  readonly reasons: infer R;
}
  ? R
  : never;

/** The reasons of one condition type of one resource: `ReasonName<"InferenceDeployment", "Tuned">`. */
export type ReasonName<K extends ResourceKind, T extends ConditionType<K>> = keyof ReasonsOf<K, T> & string;

/** The names in braces of a text. */
type Placeholders<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never;
type TextOf<R> = R extends { readonly message: infer M; readonly action: infer A } ? M | A : never;

/** What the sentence of a reason needs to know. */
export type ReasonValues<K extends ResourceKind, T extends ConditionType<K>, R extends ReasonName<K, T>> = Readonly<
  Record<Placeholders<TextOf<ReasonsOf<K, T>[R]>>, string | number>
>;

/** The closed list of reasons, as needed for an enum. */
export function reasonsOf<K extends ResourceKind, T extends ConditionType<K>>(kind: K, type: T) {
  const table: ConditionTable = conditions[kind];
  return Object.keys(table[type]?.reasons ?? {}) as [ReasonName<K, T>, ...ReasonName<K, T>[]];
}

/** Longest message of a condition; values from outside are cut so that it fits. */
const longestValue = 600;

/**
 * Status, reason and message of a condition. The compiler asks for the values that the reason's sentence names.
 * `explain("InferenceDeployment", "Tuned", "Infeasible", { ... })`.
 */
export function explain<K extends ResourceKind, T extends ConditionType<K>, R extends ReasonName<K, T>>(
  ...[kind, type, reason, values]: [kind: K, type: T, reason: R, values: ReasonValues<K, T, R>]
): { type: T; status: ConditionStatus; reason: R; message: string } {
  const table: ConditionTable = conditions[kind];
  const { status, message, action } = (table[type] as ConditionTable[string]).reasons[reason] as Reason;
  const what = asSentence(filled(message, values));
  return { type, status, reason, message: `${what} ${filled(action, values)}`.trim() };
}

/** Values bring their own full stop, or none. */
const asSentence = (text: string): string => (text.endsWith("…") ? text : `${text.replace(/\.+$/, "")}.`);

function filled(pattern: string, values: Readonly<Record<string, string | number>>): string {
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(values[name]).toWellFormed();
    return value.length <= longestValue ? value : `${value.slice(0, longestValue - 1)}…`;
  });
}
