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

/** Plots stand side by side where there is room: wider ones would be unreadable on a phone. */
const plotWidth = 480;

/** A plot of values against values. */
export const halfPage = (height: number): Frame => ({
  width: plotWidth,
  height,
  left: 46,
  right: 18,
  top: 30,
  bottom: 46,
});

/** The height of one named row in a plot of rows. */
const rowHeight = 46;

/** A plot of so many rows, each of which has its name above it. */
export const rowFrame = (rows: number): Frame => ({
  width: plotWidth,
  height: 70 + rowHeight * rows,
  left: 14,
  right: 18,
  top: 20,
  bottom: 46,
});

export const rowMiddle = (frame: Frame, index: number): number => frame.top + rowHeight * (index + 0.5) + 10;

export const horizontal = (frame: Frame) => ({ from: frame.left, to: frame.width - frame.right });
/** Upwards: the least value lies at the bottom. */
export const vertical = (frame: Frame) => ({ from: frame.height - frame.bottom, to: frame.top });

/** Coordinates with a tenth of a unit keep the page small. */
export const at = (value: number): string => value.toFixed(1);

/** What stands around a drawing. */
interface Caption {
  readonly caption: string | Markup;
  /** Which colour is whose, see `legend`. */
  readonly key?: Markup;
}

/** A drawing that scales with the page, with what it shows above it and how to read it below. */
export const plotFigure = (
  { width, height }: Frame,
  title: string,
  content: readonly (Markup | null)[],
  { caption, key }: Caption,
): Markup =>
  html`<figure><h3>${title}</h3><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${content}</svg>
${key}<figcaption>${caption}</figcaption></figure>`;

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

/** A dashed line across, such as a target, with its name at the left end. */
export const level = (frame: Frame, y: number, name: string): Markup =>
  html`<line class="limit" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at(y)}" y2="${at(y)}"/>
<text class="limit" x="${frame.left + 4}" y="${at(y - 5)}">${name}</text>`;

/** A dashed line upwards, such as a limit, with its name at the top. */
export const upright = (frame: Frame, x: number, name: string): Markup => {
  const side = x > frame.width / 2 ? "end" : "start";
  return html`<line class="limit" x1="${at(x)}" x2="${at(x)}" y1="${frame.top - 4}" y2="${frame.height - frame.bottom}"/>
<text class="limit" x="${at(x + (side === "end" ? -5 : 5))}" y="${frame.top - 4}" text-anchor="${side}">${name}</text>`;
};

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
