import { html, type Markup } from "./markup.ts";

export interface HtmlColumn {
  readonly title: string;
  /** Figures are aligned at the right. */
  readonly number?: boolean;
}

export interface HtmlRow {
  readonly cells: readonly (string | Markup | null)[];
  readonly kind?: string;
}

/** A table; on a small screen each row becomes a block in which every cell says what it is. */
export function htmlTable(name: string, columns: readonly HtmlColumn[], rows: readonly HtmlRow[]): Markup {
  const kindOf = ({ number }: HtmlColumn) => (number ? "number" : "");
  const heads = columns.map((column) => html`<th class="${kindOf(column)}">${column.title}</th>`);
  const body = rows.map(({ cells, kind }) => {
    const filled = cells.map((cell, index) => {
      const column = columns[index] as HtmlColumn;
      return html`<td class="${kindOf(column)}" data-title="${column.title}"><div>${cell}</div></td>`;
    });
    return html`<tr class="${kind}">${filled}</tr>`;
  });
  return html`<div class="scroll"><table class="${name}"><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}
