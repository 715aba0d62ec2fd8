import * as z from "zod";

/**
 * A rule that spans fields or needs arithmetic, said twice: `holds` for whoever reads a document with zod, `cel` for the
 * API server. They stand side by side so that neither can be forgotten; one table of documents tests both.
 */
export type Rule<T> = {
  /** Names the rule in the API reference and in the table of cases. */
  readonly name: string;
  /** True where the value is well formed. It may be called with strings that break their pattern. */
  readonly holds: (value: T) => boolean;
  /** The same in the Common Expression Language, with `self` for the value. */
  readonly cel: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
  /** The field of an object that the message belongs to; the object itself when absent. */
  readonly field?: string;
};

/** A rule about a change. Zod sees one document at a time, so that readers call `holds` themselves. */
export type Transition<T> = {
  readonly name: string;
  readonly holds: (value: T, previous: T) => boolean;
  readonly cel: string;
  readonly message: string;
};

/** What the CRD converter finds in a schema's metadata. */
export type RuleMetadata = {
  readonly name: string;
  readonly cel: string;
  readonly message: string;
  readonly field?: string;
};

/** `schema` with rules that zod and the API server both enforce. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const refined = rules.reduce<z.ZodType>((inner, { holds, message, field }) => {
    const path = field === undefined ? [] : [field];
    return inner.refine((value) => holds(value as z.output<S>), { message, path });
  }, schema);
  return refined.meta({ rules: [...rulesOf(schema), ...rules.map(metadataOf)] }) as unknown as S;
}

/** `schema` with rules about changes, which the API server enforces on updates. */
export function withTransitions<S extends z.ZodType>(schema: S, transitions: readonly Transition<z.output<S>>[]): S {
  return schema.meta({ rules: [...rulesOf(schema), ...transitions.map(metadataOf)] });
}

/** A list whose items are told apart by one field; two with the same value are refused. */
export function keyedList<S extends z.ZodObject>(item: S, key: keyof z.output<S> & string, most: number) {
  return item
    .array()
    .max(most)
    .refine((items) => new Set(items.map((one) => (one as Record<string, unknown>)[key])).size === items.length, {
      message: `Two items have the same ${key}.`,
    })
    .meta({ listType: "map", listMapKeys: [key] });
}

/** A list without repetition and without order. */
export function setOf<S extends z.ZodType<string>>(item: S, most: number) {
  return item
    .array()
    .max(most)
    .refine((items) => new Set(items).size === items.length, { message: "A value occurs twice." })
    .meta({ listType: "set" });
}

/**
 * Strings by key, at most `most` of them. Zod has no bound for maps of its own. Who applies a map owns all of it: of a map that is merged
 * entry by entry, server-side apply leaves `null` behind when it is applied empty, which the API server then refuses.
 */
export function boundedMap<S extends z.ZodType<string>>(values: S, most: number) {
  return z
    .record(z.string(), values)
    .refine((map) => Object.keys(map).length <= most, { message: `At most ${most} entries.` })
    .meta({ maxProperties: most, mapType: "atomic" });
}

const rulesOf = (schema: z.ZodType): readonly RuleMetadata[] =>
  (schema.meta()?.["rules"] as readonly RuleMetadata[] | undefined) ?? [];

const metadataOf = ({ name, cel, message, ...rest }: RuleMetadata): RuleMetadata =>
  rest.field === undefined ? { name, cel, message } : { name, cel, message, field: rest.field };
