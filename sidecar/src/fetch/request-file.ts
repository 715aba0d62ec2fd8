import type { IncomingMessage } from "node:http";
import { authorization, type Credentials } from "./credentials.ts";
import { FetchError, shown } from "./fetch-error.ts";
import { type OpenOptions, openUrl } from "./open-url.ts";
import { signedHeaders } from "./sign-s3.ts";
import type { SourceFile } from "./source-files.ts";

export interface RequestOptions extends Omit<OpenOptions, "headers" | "authority"> {
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * The answer that holds the file. Redirects are followed where the source has them, to checked addresses, and whoever did
 * not ask for the credentials does not get them. Throws `FetchError`.
 */
export async function requestFile(file: SourceFile, options: RequestOptions): Promise<IncomingMessage> {
  const { credentials, now, ...open } = options;
  const headers = file.access.kind === "S3" ? null : (authorization(credentials) ?? null);
  let url = file.url;
  for (let hop = 0; ; hop++) {
    const own =
      file.access.kind === "S3"
        ? signedHeaders(url, file.access.region, credentials, now())
        : plain(headers, url, file);
    const answer = await openUrl(url, { ...open, headers: own, authority: credentials.authority });
    const status = answer.statusCode ?? 0;
    if (status === 200) return answer;
    // Nothing of what the server says is shown, so nothing of it is read.
    answer.destroy();
    const location = answer.headers.location;
    if (!redirects.has(status) || location === undefined || file.access.kind === "S3") throw refusal(file, url, status);
    if (hop === mostRedirects) throw new FetchError(`${shown(file.url)} leads on more than ${mostRedirects} times.`);
    url = redirected(url, location);
  }
}

/** Credentials are for the server that was named, and for no other. */
const plain = (header: string | null, url: URL, file: SourceFile): Record<string, string> =>
  header === null || url.origin !== file.url.origin ? {} : { authorization: header };

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (to === null || to.username !== "" || to.password !== "") throw new FetchError(`${shown(from)} leads nowhere.`);
  if (from.protocol === "https:" && to.protocol !== "https:") {
    throw new FetchError(`${shown(from)} leads to an address that is not encrypted.`);
  }
  return to;
}

function refusal({ access }: SourceFile, url: URL, status: number): FetchError {
  const where = shown(url);
  if (status === 401 || status === 403) {
    return new FetchError(
      `${where} may not be read (${status}). Check model.credentialsSecret, and what its owner may read.`,
    );
  }
  if (status === 404) return new FetchError(`There is no ${where}. Check model.uri and model.file.`);
  if (access.kind === "S3" && redirects.has(status)) {
    return new FetchError(`${where} is in another region (${status}). Set model.s3.region.`);
  }
  return new FetchError(`${where} cannot be read: the server answers with ${status}.`, status >= 500 || status === 429);
}
