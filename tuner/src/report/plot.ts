import { figure } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import type { Scale } from "./scale.ts";

/** The size of a drawing and the room around its plotting area, in user units. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const horizontal = (frame: Frame) => ({ from: frame.left, to: frame.width - frame.right });
/** Upwards: the least value lies at the bottom. */
export const vertical = (frame: Frame) => ({ from: frame.height - frame.bottom, to: frame.top });

/** Coordinates with a tenth of a unit keep the page small. */
export const at = (value: number): string => value.toFixed(1);

/** An SVG drawing that scales with the page and says in words what it shows. */
export const drawing = (frame: Frame, label: string, content: readonly Markup[]): Markup =>
  html`<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${label}">${content}</svg>`;

export function xAxis(frame: Frame, scale: Scale, title: string): Markup {
  const base = frame.height - frame.bottom;
  const ticks = scale.ticks.map((tick) => {
    const x = at(scale.at(tick));
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${frame.top}" y2="${base}"/>
<text x="${x}" y="${base + 16}" text-anchor="middle">${figure(tick)}</text>`;
  });
  const middle = at((frame.left + frame.width - frame.right) / 2);
  return html`${ticks}<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${base}" y2="${base}"/>
<text class="title" x="${middle}" y="${frame.height - 6}" text-anchor="middle">${title}</text>`;
}

export function yAxis(frame: Frame, scale: Scale, title: string): Markup {
  const end = frame.width - frame.right;
  const ticks = scale.ticks.map((tick) => {
    const y = scale.at(tick);
    return html`<line class="grid" x1="${frame.left}" x2="${end}" y1="${at(y)}" y2="${at(y)}"/>
<text x="${frame.left - 6}" y="${at(y + 4)}" text-anchor="end">${figure(tick)}</text>`;
  });
  // Above the axis and not along it: nobody reads text that stands on its side.
  return html`${ticks}<text class="title" x="6" y="14">${title}</text>`;
}

export const polyline = (points: readonly (readonly [number, number])[], name: string): Markup =>
  html`<polyline class="${name}" points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(" ")}"/>`;

/** A point with a text that shows when the pointer rests on it. */
export const point = (x: number, y: number, name: string, text: string): Markup =>
  html`<circle class="${name}" cx="${at(x)}" cy="${at(y)}" r="4"><title>${text}</title></circle>`;

/** Moves labels apart so that none overlaps the one above, keeping their order. */
export function spread(positions: readonly number[], gap: number): number[] {
  const order = [...positions.keys()].sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const result = [...positions];
  let last = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    last = Math.max(positions[index] ?? 0, last + gap);
    result[index] = last;
  }
  return result;
}
