import { type Interval, type Percentile, shareOf } from "@sweetspot/crds";

/** Three significant digits without an exponent: 0.0123, 4.56, 78.9, 1,230 → "1,234" keeps whole numbers whole. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export const rate = (requestsPerSecond: number): string => `${figure(requestsPerSecond)}/s`;

export const milliseconds = (value: number): string => `${figure(value)} ms`;

/** "1.42x (1.31 to 1.55)" for a ratio. */
export const ratio = ({ estimate, low, high }: Interval): string =>
  `${estimate.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`;

/** "123 (118 to 129)", estimate and interval. */
export const interval = ({ estimate, low, high }: Interval): string =>
  `${figure(estimate)} (${figure(low)} to ${figure(high)})`;

/** A share as percent: 0.0123 → "1.23 %". */
export const percent = (share: number): string => `${figure(100 * share)} %`;

export const percentInterval = ({ estimate, low, high }: Interval): string =>
  `${figure(100 * estimate)} % (${figure(100 * low)} to ${figure(100 * high)})`;

/** `P99` → "p99", `P999` → "p99.9". */
export const percentileName = (percentile: Percentile): string =>
  `p${(100 * shareOf(percentile)).toFixed(1).replace(/\.0$/, "")}`;

/** Bytes in the largest decimal unit that keeps the number above one. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${figure(value / 1000 ** power)} ${units[power]}`;
}
