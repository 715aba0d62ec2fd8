import type { MeasuredTable, TuningReport } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { shareTable } from "../search/layouts.ts";
import { figure } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { at, type Frame, halfPage, horizontal, plotFigure } from "./plot.ts";

const rowHeight = 34;
const frameOf = (rows: number): Frame => ({ ...halfPage(76 + rowHeight * rows), left: 62, right: 10 });

/** Shades, the best first, and the time per row over the best at which the next one begins. */
const steps = [1.05, 1.15, 1.3, 1.6, 2.2];
/** Shades from this one on take figures in the colour of the page. */
const darkFrom = 3;

/**
 * `s(b, L)` of the winner's table as a map: the darker a field, the nearer its time per row to the best that any batch size
 * reaches at this length. Rows of the map that become darker to the right say that batching pays there. Null where the
 * winner's table is not in the report.
 */
export function heatMap({ tables, candidates, decision }: TuningReport): Markup | null {
  const winner = candidates.find(({ name }) => name === decision.winner);
  const measured = tables.find(
    ({ variant, layout }) => winner?.variant === variant && shareTable(winner.layout, layout),
  );
  if (measured === undefined) return null;
  const { lengths, rows, times } = gridOf(measured);
  const frame = frameOf(lengths.length);
  const { from, to } = horizontal(frame);
  const width = (to - from) / rows.length;
  const heads = rows.map(
    (count, i) =>
      html`<text x="${at(from + (i + 0.5) * width)}" y="${frame.height - 28}" text-anchor="middle">${count}</text>`,
  );
  const fields = lengths.map((length, j) => {
    const top = frame.top + j * rowHeight;
    const perRow = times[j] as number[];
    const best = Math.min(...perRow);
    const name = html`<text x="${from - 8}" y="${at(top + 22)}" text-anchor="end">${lengthName(length)}</text>`;
    return html`${name}${perRow.map((time, i) => field({ time, best, x: from + i * width, top, width }))}`;
  });
  const middle = at((from + to) / 2);
  const axis = html`<text class="title" x="${middle}" y="${frame.height - 8}" text-anchor="middle">rows per batch</text>`;
  const caption = "Milliseconds per row. The darker, the nearer to the least that any batch size takes at this length.";
  return plotFigure(frame, "Map of s(b, L) of the winner", [...fields, ...heads, axis], { caption });
}

const lengthName = (length: number): string => (length === 1 ? "fixed" : `L ${figure(length)}`);

/** Milliseconds per row, by length and by rows. */
function gridOf({ table }: MeasuredTable) {
  const ascending = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);
  const lengths = ascending(table.cells.map(({ length }) => length));
  const rows = ascending(table.cells.map((cell) => cell.rows));
  const model = CostModel.fromTable(table);
  const times = lengths.map((length) => rows.map((count) => model.batchMicroseconds(count, length) / 1000 / count));
  return { lengths, rows, times };
}

interface Field {
  readonly time: number;
  readonly best: number;
  readonly x: number;
  readonly top: number;
  readonly width: number;
}

function field({ time, best, x, top, width }: Field): Markup {
  const step = steps.findIndex((limit) => time <= limit * best);
  const shade = step === -1 ? 0 : steps.length - step;
  const words = `${figure(time)} ms per row, ${(time / best).toFixed(2)} times the least at this length`;
  const middle = at(x + width / 2);
  return html`<rect class="shade${shade}" x="${at(x + 1)}" y="${at(top + 1)}" width="${at(width - 2)}" height="${rowHeight - 2}" rx="3"><title>${words}</title></rect>
<text class="${shade >= darkFrom ? "on" : "ink on"}" x="${middle}" y="${at(top + 22)}" text-anchor="middle">${figure(time)}</text>`;
}
