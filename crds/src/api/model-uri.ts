/** Where a model comes from, as far as this release can mount it. */
export type ModelSource =
  | { readonly kind: "Image"; readonly reference: string }
  | { readonly kind: "Claim"; readonly claim: string; readonly path: string }
  | { readonly kind: "Unsupported"; readonly scheme: string };

/** `registry/repository[:tag][@digest]`: the registry is always named, so that no node fills in one of its own. */
const image =
  "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?";
const segment = "[A-Za-z0-9_+=@-][A-Za-z0-9._+=@-]*";
const claim = `[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?(/${segment})*`;

export const imageUriPattern = `^oci://${image}$`;
export const claimUriPattern = `^pvc://${claim}$`;
/** A path that stays inside its folder: relative, and no segment begins with a dot. */
export const relativePathPattern = `^${segment}(/${segment})*$`;

/** Takes a well-formed `spec.model.uri` apart. */
export function modelSourceOf(uri: string): ModelSource {
  const [scheme = "", rest = ""] = uri.split(/:\/\/(.*)/s);
  if (scheme === "oci") return { kind: "Image", reference: rest };
  if (scheme !== "pvc") return { kind: "Unsupported", scheme };
  const [name = "", path = ""] = rest.split(/\/(.*)/s);
  return { kind: "Claim", claim: name, path };
}
