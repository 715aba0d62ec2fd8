import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Random, seededRandom } from "@sweetspot/planner";

const require = createRequire(import.meta.url);

let cached: readonly string[] | undefined;

/**
 * Real English paragraphs: the prose of the manual that fastify ships, without code, tables, lists and markup,
 * in the manual's order. About 1,000 paragraphs of 20 to 1,500 characters.
 */
export function paragraphs(): readonly string[] {
  cached ??= markdownFiles(join(dirname(require.resolve("fastify")), "docs")).flatMap((file) =>
    proseOf(readFileSync(file, "utf8")),
  );
  return cached;
}

function markdownFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => join(folder, name));
}

/** The paragraphs of a Markdown file that read as English, with links and emphasis reduced to their text. */
export function proseOf(markdown: string): string[] {
  const blocks = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").split(/\n\s*\n/);
  return blocks
    .filter((block) => !/^\s*([#|<>*+-]|\d+[.)]|\[[^\]]*\]:|!\[)/m.test(block))
    .map(plainText)
    .filter((text) => text.length >= 20 && /^[A-Z]/.test(text) && /[.:!?]$/.test(text) && !text.includes("]("));
}

const plainText = (block: string): string =>
  block
    .replace(/<[^>]+>/g, "")
    .replace(/!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?/g, "$1")
    .replace(/[`*]/g, "")
    .replace(/\s+/g, " ")
    .trim();

const sentencesOf = (paragraph: string): string[] => paragraph.split(/(?<=[.!?])\s+(?=[A-Z])/);

const longestPassage = 1200;

/**
 * `count` texts for a sentence encoder, without line breaks: 60 % single sentences, 25 % the rest of a paragraph, 15 %
 * several paragraphs of up to 1,200 characters (some 280 tokens), so that lengths are spread as in a search index.
 */
export function passages(count: number, seed: number): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const first = Math.floor(random() * paragraphs().length);
    const kind = random();
    if (kind < 0.15) return neighbours(first, 200 + (longestPassage - 200) * random() ** 2);
    const sentences = sentencesOf(paragraphs()[first] ?? "");
    const start = Math.floor(random() * sentences.length);
    return sentences.slice(start, kind < 0.4 ? undefined : start + 1).join(" ");
  });
}

/** The paragraphs from the given one on, as long as they fit into `limit` characters. */
function neighbours(first: number, limit: number): string {
  let text = (paragraphs()[first] ?? "").slice(0, limit);
  for (const paragraph of paragraphs().slice(first + 1)) {
    if (text.length + paragraph.length >= limit) break;
    text += ` ${paragraph}`;
  }
  return text;
}

/** `count` groups of one to four neighbouring English words in ASCII, 3 to 24 characters: what a line of a form holds. */
export function wordGroups(count: number, seed: number): string[] {
  const random = seededRandom(seed);
  const groups: string[] = [];
  while (groups.length < count) {
    const words = pick(paragraphs(), random).split(" ");
    const start = Math.floor(random() * words.length);
    const group = words.slice(start, start + 1 + Math.floor(random() * 4)).join(" ");
    if (/^[A-Za-z0-9][A-Za-z0-9 ,.'-]{1,22}[A-Za-z0-9.]$/.test(group)) groups.push(group);
  }
  return groups;
}

function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("fastify's manual is not where its package should have it");
  return item;
}
