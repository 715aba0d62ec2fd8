import { modelSourceOf } from "@sweetspot/crds";
import { FetchError } from "./fetch-error.ts";

/** Where sources of one kind are found. */
export interface Places {
  /** S3: base address of a service that is not Amazon's. */
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  /** Of Hugging Face, or of a mirror. */
  readonly huggingFaceEndpoint: string;
}

/** One file of a source: what is asked for. */
export interface SourceFile {
  /** Path inside the source, and inside the folder that it is fetched to. */
  readonly path: string;
  readonly url: URL;
  /** How a request for it shows who asks, and whether it may be answered by another server. */
  readonly access:
    | { readonly kind: "Https" }
    | { readonly kind: "HuggingFace" }
    | { readonly kind: "S3"; readonly region: string };
}

const defaultRegion = "us-east-1";

/** The addresses of a source's files. Throws `FetchError` for a source that is not fetched. */
export function sourceFiles(uri: string, paths: readonly string[], places: Places): SourceFile[] {
  const source = modelSourceOf(uri);
  switch (source.kind) {
    case "Https":
      return paths.map((path) => ({ path, url: under(new URL(source.url), path), access: { kind: "Https" } }));
    case "HuggingFace": {
      const base = under(
        new URL(places.huggingFaceEndpoint),
        `${source.repository}/resolve/${encodeURIComponent(source.revision)}`,
      );
      return paths.map((path) => ({ path, url: under(base, path), access: { kind: "HuggingFace" } }));
    }
    case "S3": {
      const region = places.s3Region ?? defaultRegion;
      const base = bucketUrl(source.bucket, region, places.s3Endpoint);
      const prefix = source.prefix === "" ? base : under(base, source.prefix);
      return paths.map((path) => ({ path, url: under(prefix, path), access: { kind: "S3", region } }));
    }
    default:
      throw new FetchError(`${uri} is not fetched: https://, s3:// and hf:// are.`);
  }
}

/** Amazon's buckets have hosts of their own; a dot in the name would break their certificate. Others have them as folders. */
function bucketUrl(bucket: string, region: string, endpoint: string | undefined): URL {
  if (endpoint !== undefined) return under(new URL(endpoint), bucket);
  const amazon = `s3.${region}.amazonaws.com`;
  return bucket.includes(".") ? new URL(`https://${amazon}/${bucket}`) : new URL(`https://${bucket}.${amazon}/`);
}

/** Paths hold nothing that means something else in an address: schemas see to it, and here it is made sure of. */
function under(base: URL, path: string): URL {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part.startsWith(".")))
    throw new FetchError(`"${path}" is no path inside a source.`);
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/${parts.map(encode).join("/")}`;
  return url;
}

/** S3 signs the address in this form: all but unreserved characters are escaped. */
const encode = (part: string): string =>
  encodeURIComponent(decodeURIComponent(part)).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
