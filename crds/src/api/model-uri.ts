/** Where a model comes from. The last three are fetched into the pod before its server starts. */
export type ModelSource =
  | { readonly kind: "Image"; readonly reference: string }
  | { readonly kind: "Claim"; readonly claim: string; readonly path: string }
  | { readonly kind: "Https"; readonly url: string }
  | { readonly kind: "S3"; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "HuggingFace"; readonly repository: string; readonly revision: string }
  | { readonly kind: "Unsupported"; readonly scheme: string };

/** `registry/repository[:tag][@digest]`: the registry is always named, so that no node fills in one of its own. */
const image =
  "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?";
const segment = "[A-Za-z0-9_+=@-][A-Za-z0-9._+=@-]*";
const claim = `[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?(/${segment})*`;
/** What objects and the prefixes of labels are called: the API server takes no other names. */
export const subdomainPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const host = "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?";

export const imageUriPattern = `^oci://${image}$`;
export const claimUriPattern = `^pvc://${claim}$`;
/** No query, which would be a place for secrets, and no name of a user. */
export const httpsUriPattern = `^https://${host}(/${segment})*/?$`;
export const s3UriPattern = `^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/${segment})*/?$`;
/** The revision is a branch, a tag or, so that it cannot move, a commit. */
export const huggingFaceUriPattern =
  "^hf://[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9][A-Za-z0-9._/-]*)?$";
/** A base address of an S3 service: encrypted, or within a network that an administrator allowed. */
export const endpointPattern = `^https?://${host}(/${segment})*/?$`;
/** A path that stays inside its folder: relative, and no segment begins with a dot. */
export const relativePathPattern = `^${segment}(/${segment})*$`;

/** Takes a well-formed `spec.model.uri` apart. */
export function modelSourceOf(uri: string): ModelSource {
  const [scheme = "", rest = ""] = uri.split(/:\/\/(.*)/s);
  const [first = "", path = ""] = rest.split(/\/(.*)/s);
  switch (scheme) {
    case "oci":
      return { kind: "Image", reference: rest };
    case "pvc":
      return { kind: "Claim", claim: first, path };
    case "https":
      return { kind: "Https", url: uri };
    case "s3":
      return { kind: "S3", bucket: first, prefix: path.replace(/\/$/, "") };
    case "hf": {
      const [repository = "", revision = "main"] = rest.split(/@(.*)/s);
      return { kind: "HuggingFace", repository, revision };
    }
    default:
      return { kind: "Unsupported", scheme };
  }
}

/** Whether its files are fetched into the pod: then somebody has to say which they are. */
export const isFetched = (uri: string): boolean => ["Https", "S3", "HuggingFace"].includes(modelSourceOf(uri).kind);
