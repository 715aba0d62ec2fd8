import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { normal, seededRandom } from "@sweetspot/planner";
import opentype, { type Font, type Path } from "opentype.js";
import sharp from "sharp";

const require = createRequire(import.meta.url);

/** The typefaces of `dejavu-fonts-ttf` that text is set in. */
export const typefaces = [
  "DejaVuSans",
  "DejaVuSerif",
  "DejaVuSansCondensed",
  "DejaVuSansMono",
  "DejaVuSans-Bold",
  "DejaVuSerif-Italic",
] as const;

export interface RenderOptions {
  readonly typeface: (typeof typefaces)[number];
  /** Red, green, blue, 0 to 255. */
  readonly ink: readonly [number, number, number];
  readonly paper: readonly [number, number, number];
  /** Degrees that the line is turned by. */
  readonly slant: number;
  /** Deviation of the Gaussian blur in pixels of the final image; below 0.3 there is none. */
  readonly blur: number;
  /** Deviation of the Gaussian sensor noise in grey levels (of 255). */
  readonly noise: number;
  /** Decides the noise. */
  readonly seed: number;
}

/** Black on white, without any disturbance. */
export const cleanPrint: RenderOptions = {
  typeface: "DejaVuSans",
  ink: [0, 0, 0],
  paper: [255, 255, 255],
  slant: 0,
  blur: 0,
  noise: 0,
  seed: 1,
};

export const imageHeight = 48;
const widthStep = 32;
const narrowest = 96;
const widest = 320;

const fontSize = 64;
const fonts = new Map<string, Font>();

function fontOf(typeface: string): Font {
  const known = fonts.get(typeface);
  if (known !== undefined) return known;
  const folder = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  const bytes = readFileSync(join(folder, `${typeface}.ttf`));
  const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
  fonts.set(typeface, font);
  return font;
}

/** Glyph by glyph: the library's own layout of a whole line fails on a substitution table of these faces. */
function outline(text: string, font: Font): Path {
  const line = new opentype.Path();
  const scale = fontSize / font.unitsPerEm;
  const glyphs = Array.from(text, (character) => font.charToGlyph(character));
  let x = 0;
  for (const [index, glyph] of glyphs.entries()) {
    const next = glyphs[index + 1];
    line.extend(glyph.getPath(x, 0, fontSize));
    x += (glyph.advanceWidth + (next === undefined ? 0 : font.getKerningValue(glyph, next))) * scale;
  }
  return line;
}

/** The line as a picture of vector outlines, cropped with a margin as a text detector would. */
function lineAsSvg(text: string, options: RenderOptions): { svg: string; aspect: number } {
  const path = outline(text, fontOf(options.typeface));
  const { x1, x2 } = path.getBoundingBox();
  const tilt = Math.abs(Math.sin((options.slant * Math.PI) / 180)) * (x2 - x1);
  const margin = fontSize * 0.15;
  // Ascenders and descenders of the whole face, so that "nose" is not blown up to the height of "Flügel".
  const [top, bottom] = [-fontSize * 0.78 - margin - tilt / 2, fontSize * 0.24 + margin + tilt / 2];
  const [left, width, height] = [x1 - margin, x2 - x1 + 2 * margin, bottom - top];
  const turn = `rotate(${options.slant} ${(x1 + x2) / 2} ${(top + bottom) / 2})`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}">` +
    `<rect x="${left}" y="${top}" width="100%" height="100%" fill="rgb(${options.paper.join(",")})"/>` +
    `<path d="${path.toPathData(2)}" transform="${turn}" fill="rgb(${options.ink.join(",")})"/></svg>`;
  return { svg, aspect: width / height };
}

/** Width of the tensor for a picture of this aspect: 48 pixels high, rounded up to a multiple of 32 within 96 to 320. */
export function paddedWidth(aspect: number): number {
  const natural = Math.ceil(imageHeight * aspect);
  return Math.min(widest, Math.max(narrowest, Math.ceil(natural / widthStep) * widthStep));
}

/**
 * Sets a line of text and prepares it for the PP-OCR recogniser, as PaddleOCR's `RecResizeImg` does: 48 pixels high,
 * width by aspect, channels blue, green, red, values (x/255 - 0.5)/0.5, filled up with zeros on the right.
 * The result is one row [3, 48, W] in row-major order, so W is its length over 144.
 */
export async function renderText(text: string, options: Partial<RenderOptions> = {}): Promise<Float32Array> {
  const settings = { ...cleanPrint, ...options };
  const { svg, aspect } = lineAsSvg(text, settings);
  const width = paddedWidth(aspect);
  const drawn = Math.min(width, Math.ceil(imageHeight * aspect));
  let image = sharp(Buffer.from(svg)).resize({ width: drawn, height: imageHeight, fit: "fill" });
  if (settings.blur >= 0.3) image = image.blur(settings.blur);
  const pixels = await image.removeAlpha().raw().toBuffer();
  return normalise(pixels, drawn, width, settings);
}

/** `pixels`: interleaved red, green, blue of `drawn` columns. */
function normalise(pixels: Uint8Array, drawn: number, width: number, { noise, seed }: RenderOptions): Float32Array {
  const tensor = new Float32Array(3 * imageHeight * width);
  const random = seededRandom(seed);
  for (let y = 0; y < imageHeight; y++) {
    for (let x = 0; x < drawn; x++) {
      const grain = noise > 0 ? noise * normal(random) : 0;
      for (let channel = 0; channel < 3; channel++) {
        const level = (pixels[(y * drawn + x) * 3 + (2 - channel)] ?? 0) + grain;
        tensor[(channel * imageHeight + y) * width + x] = Math.min(255, Math.max(0, level)) / 127.5 - 1;
      }
    }
  }
  return tensor;
}
