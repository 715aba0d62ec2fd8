import { MadeVariant, Name, VariantName } from "@sweetspot/crds";
import { InvalidArgumentError } from "commander";

const unitMilliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses "50ms", "1.5s" or "2m" to milliseconds. Throws `InvalidArgumentError` for anything else. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text.trim());
  const milliseconds = Number(match?.[1]) * (unitMilliseconds[match?.[2] ?? ""] ?? Number.NaN);
  if (!(milliseconds > 0)) {
    throw new InvalidArgumentError(`"${text}" is no duration. Write a number above 0 and its unit: 50ms, 1.5s, 2m.`);
  }
  return milliseconds;
}

/** As `parseDuration`, but "0s" is no delay at all. Longer than an hour is a mistake. */
export function parseDelay(text: string): number {
  const milliseconds = /^0(us|ms|s|m|h)$/.test(text.trim()) ? 0 : parseDuration(text);
  if (milliseconds > 3_600_000) throw new InvalidArgumentError(`"${text}" is too long for a delay: at most 1h.`);
  return milliseconds;
}

/** A duration in whole milliseconds, as latency targets are. */
export function parseLatency(text: string): number {
  const milliseconds = Math.round(parseDuration(text) * 1e6) / 1e6;
  if (!Number.isInteger(milliseconds) || milliseconds > 600_000) {
    throw new InvalidArgumentError(`A latency target is in whole milliseconds, from 1ms to 10m, not "${text}".`);
  }
  return milliseconds;
}

/** A duration in whole seconds, rounded up. */
export const parseSeconds = (text: string): number => Math.ceil(parseDuration(text) / 1000);

/** Parses "1%" or "0.25%" to basis points: 100 and 25. */
export function parseBasisPoints(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?%$/.exec(text.trim());
  const points = Math.round(Number(match?.[1]) * 1e8) / 1e6;
  if (!Number.isInteger(points) || points > 10_000) {
    throw new InvalidArgumentError(`"${text}" is no share. Write percent with two decimals at most: 1%, 0.25%.`);
  }
  return points;
}

export function parsePositive(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) {
    throw new InvalidArgumentError(`"${text}" is no number above 0.`);
  }
  return value;
}

/** A rate as it is, or as a multiple of another one. */
export type Rate = { readonly requestsPerSecond: number } | { readonly times: number };

/** Parses "250" to requests per second and "2x" or "0.5x" to a multiple. Throws `InvalidArgumentError` for anything else. */
export function parseRate(text: string): Rate {
  const multiple = /^(\d+(?:\.\d+)?)x$/.exec(text.trim())?.[1];
  if (multiple === undefined) return { requestsPerSecond: parsePositive(text) };
  if (Number(multiple) === 0) throw new InvalidArgumentError(`"${text}" is no load at all. Write 2x, 0.5x or 250.`);
  return { times: Number(multiple) };
}

/** A parser of whole numbers from `least` to `most`. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`"${text}" is no whole number from ${least} to ${most}.`);
    }
    return value;
  };

export function parseName(text: string): string {
  const result = Name.safeParse(text);
  if (!result.success) throw new InvalidArgumentError(`"${text}" is no name: ${result.error.issues[0]?.message}.`);
  return result.data;
}

/** A parser of comma-separated words out of a fixed list, each once. */
export const wordList =
  <W extends string>(words: readonly W[]) =>
  (text: string): W[] => {
    const chosen = text.split(",").map((part) => part.trim());
    const wrong = chosen.find((word) => !(words as readonly string[]).includes(word));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(`"${wrong}" is none of ${words.join(", ")}. Separate several by commas.`);
    }
    return words.filter((word) => chosen.includes(word));
  };

/** A parser of one word out of a fixed list. */
export const oneWord =
  <W extends string>(words: readonly W[]) =>
  (text: string): W => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`"${text}" is none of ${words.join(", ")}.`);
    return found;
  };

/** Collects an option that may be given several times. */
export const repeated = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];

/** A file with the name that the user gave it. */
export interface NamedFile {
  readonly name: VariantName;
  readonly file: string;
}

/** Collects "NAME=FILE". A name may not be one of a variant that Sweetspot makes, nor be given twice, in any case. */
export function namedFiles(text: string, before: readonly NamedFile[] | undefined): NamedFile[] {
  const [, name = "", file = ""] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (!VariantName.safeParse(name).success) {
    throw new InvalidArgumentError(`"${text}" is not NAME=FILE, with at most 24 letters and digits as the name.`);
  }
  const taken = [...MadeVariant.options, ...(before ?? []).map((one) => one.name)];
  if (taken.some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw new InvalidArgumentError(`"${name}" names another variant already. Choose a name of its own.`);
  }
  return [...(before ?? []), { name, file }];
}
