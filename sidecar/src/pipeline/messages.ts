import type { Datatype, ImagePipeline, TextPipeline } from "@sweetspot/crds";

/** What a preprocessing thread is started with. Paths are absolute. */
export interface PreprocessSettings {
  readonly text: TextPipeline | null;
  readonly image: ImagePipeline | null;
  /** Of the tensor that images fill. */
  readonly datatype: Datatype;
}

/** One text, or one encoded image. */
export type PreprocessItem = string | Uint8Array<ArrayBuffer>;

/** What became of one item. Errors are the client's own; whatever else goes wrong ends the thread. */
export type PreprocessResult =
  | { readonly kind: "Text"; readonly ids: Int32Array; readonly typeIds: Int32Array | null }
  | { readonly kind: "Image"; readonly width: number; readonly height: number; readonly data: Uint8Array }
  | { readonly kind: "TooManyTokens"; readonly tokens: number }
  | { readonly kind: "ImageTooLarge" }
  | { readonly kind: "InvalidImage" };

/** What a thread says first. */
export type PreprocessGreeting =
  | { readonly kind: "Ready"; readonly padding: number; readonly largestId: number }
  | { readonly kind: "Failed"; readonly message: string };
