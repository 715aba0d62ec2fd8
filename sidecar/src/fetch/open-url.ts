import { lookup as resolveName } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";
import { FetchError, shown } from "./fetch-error.ts";
import type { NetworkPolicy } from "./network-policy.ts";

export interface OpenOptions {
  readonly network: NetworkPolicy;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of an authority that is trusted besides the usual ones. */
  readonly authority: string | undefined;
  /** Most time without a byte, milliseconds. */
  readonly idleMilliseconds: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a GET and returns the answer, whatever its status. The address that a name has is checked where it is connected to,
 * so that a name cannot change in between. Throws `FetchError`.
 */
export function openUrl(url: URL, options: OpenOptions): Promise<IncomingMessage> {
  const { network, headers, authority, idleMilliseconds, signal } = options;
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  try {
    checkLiteral(url, network);
    const call = send(url, {
      method: "GET",
      // What is counted and hashed is what is stored.
      headers: { ...headers, "accept-encoding": "identity", "user-agent": "sweetspot" },
      lookup: checkedLookup(url, network),
      agent: false,
      timeout: idleMilliseconds,
      signal,
      ...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
    });
    call.on("response", resolve);
    call.on("timeout", () =>
      call.destroy(new FetchError(`${shown(url)} sends nothing for ${idleMilliseconds / 1000} s.`, true)),
    );
    call.on("error", (error) => reject(asFetchError(url, error)));
    call.end();
  } catch (error) {
    reject(error);
  }
  return promise;
}

/** A host that is written as an address is never looked up. */
function checkLiteral(url: URL, network: NetworkPolicy): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new FetchError(`${url.protocol} is not read: https: is.`);
  if (isIP(host) !== 0) checkAddress(host, url, network);
}

function checkAddress(address: string, url: URL, network: NetworkPolicy): void {
  network.check(address, url.hostname);
  if (url.protocol === "http:" && !network.isAllowed(address)) {
    throw new FetchError(
      `${shown(url)} is not encrypted. Use https, or have its network allowed (modelSources.allowedNetworks).`,
    );
  }
}

const checkedLookup =
  (url: URL, network: NetworkPolicy): LookupFunction =>
  (host, options, done) => {
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, []);
      try {
        // All of them: a connection may try the next where one fails.
        for (const { address } of addresses) checkAddress(address, url, network);
      } catch (refusal) {
        return done(refusal as Error, []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };

const transientCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

export function asFetchError(url: URL, error: unknown): FetchError {
  if (error instanceof FetchError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new FetchError(`${shown(url)} cannot be read (${code ?? message}).`, transientCodes.has(code ?? ""));
}
