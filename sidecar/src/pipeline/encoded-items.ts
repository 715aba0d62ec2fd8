import { isUtf8 } from "node:buffer";
import type { InputPipeline } from "@sweetspot/crds";
import { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import type { PreprocessItem } from "./messages.ts";

/** The texts or images of a BYTES tensor [rows], each checked against the plan's caps. Throws `ApiError`. */
export function itemsOf({ name, shape, data }: Tensor, { text, image }: InputPipeline): PreprocessItem[] {
  const items: PreprocessItem[] = [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let offset = 0, index = 0; index < (shape[0] ?? 0); index += 1) {
    const end = offset + 4 + view.getUint32(offset, true);
    const bytes = data.subarray(offset + 4, end);
    items.push(text === undefined ? imageItem(bytes, image?.maximumBytes ?? 0, index) : textItem(bytes, name, index));
    offset = end;
  }
  for (const [index, item] of items.entries()) {
    if (typeof item === "string") checkText(item, text?.maximumCharacters ?? 0, index);
  }
  return items;
}

/** Throws `ApiError` for a text that is not worth tokenizing. */
export function checkText(text: string, maximumCharacters: number, index: number): void {
  if (text.length <= maximumCharacters) return;
  throw new ApiError("TextTooLong", { index, length: text.length, unit: "characters", limit: maximumCharacters });
}

/** A copy, because what is handed to another thread is handed over whole. */
function imageItem(bytes: Uint8Array, limit: number, index: number): Uint8Array<ArrayBuffer> {
  if (bytes.length > limit) throw new ApiError("ImageTooLarge", { index, limit: `${limit} bytes` });
  return new Uint8Array(bytes);
}

function textItem(bytes: Uint8Array, name: string, index: number): string {
  if (!isUtf8(bytes)) throw new ApiError("InvalidElement", { name, index, expected: "a text in UTF-8" });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
