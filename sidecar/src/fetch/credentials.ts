import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FetchError } from "./fetch-error.ts";

/** What a Secret may hold for reading a source. */
export interface Credentials {
  /** For S3. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Sent as `Authorization: Basic`. */
  readonly username?: string;
  readonly password?: string;
  /** PEM of an authority that is trusted besides the usual ones. */
  readonly authority?: string;
}

/** Keys of the Secret by what they mean; several, because Secrets for other tools should do. */
const keys: Readonly<Record<keyof Credentials, readonly string[]>> = {
  accessKeyId: ["AWS_ACCESS_KEY_ID", "accessKeyId"],
  secretAccessKey: ["AWS_SECRET_ACCESS_KEY", "secretAccessKey"],
  sessionToken: ["AWS_SESSION_TOKEN", "sessionToken"],
  token: ["token", "HF_TOKEN"],
  username: ["username"],
  password: ["password"],
  authority: ["ca.crt"],
};

const longest = 64 * 1024;

/**
 * Reads the folder where a Secret is mounted, a file for each key. Throws `FetchError` that names the Secret where it is
 * missing or holds nothing of use; the error never holds a value.
 */
export function readCredentials(folder: string, secret: string): Credentials {
  const names = new Set(namesIn(folder));
  const found = Object.entries(keys).flatMap(([meaning, candidates]) => {
    const key = candidates.find((name) => names.has(name));
    return key === undefined ? [] : [[meaning, readFileSync(join(folder, key), "utf8").slice(0, longest).trim()]];
  });
  if (found.length === 0) {
    const known = Object.values(keys).flat().join(", ");
    throw new FetchError(`There is no Secret ${secret} in this namespace, or it has none of the keys ${known}.`);
  }
  return Object.fromEntries(found) as Credentials;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The header by which a plain HTTP server knows who asks; nothing where it needs not know. */
export function authorization({ token, username, password }: Credentials): string | null {
  if (token !== undefined) return `Bearer ${token}`;
  if (username === undefined) return null;
  return `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
}
