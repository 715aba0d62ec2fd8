import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditPolicy, controlPlaneFiles } from "./flags.ts";

/** A user whom the API server knows by a token. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The human at the keyboard, bound to everything. */
export const administrator: User = { name: "admin", groups: ["system:masters"] };

/** A new token for each user, by user name. */
export const newTokens = (users: readonly User[]): Map<string, string> =>
  new Map(users.map(({ name }) => [name, randomBytes(24).toString("base64url")]));

/** The file for `--token-auth-file`: token, user, uid and a quoted list of groups a line. */
export function tokenFile(users: readonly User[], tokens: ReadonlyMap<string, string>): string {
  return users.map(({ name, groups }) => `${tokens.get(name)},${name},${name},"${groups.join(",")}"\n`).join("");
}

/** Writes what the control plane reads at its start: tokens, the key pair for service accounts, the audit policy. */
export function writeControlPlaneFiles(
  folder: string,
  users: readonly User[],
  tokens: ReadonlyMap<string, string>,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (file: keyof typeof controlPlaneFiles, text: string) =>
    writeFileSync(join(folder, controlPlaneFiles[file]), text, { mode: 0o600 });
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  write("serviceAccountKey", pair.privateKey);
  write("serviceAccountPublicKey", pair.publicKey);
  write("tokens", tokenFile(users, tokens));
  write("auditPolicy", JSON.stringify(auditPolicy));
}

/** A kubeconfig with one user. `authority`: the PEM certificates to trust. JSON is YAML. */
export function kubeconfig(url: string, authority: string, token: string): string {
  const cluster = { server: url, "certificate-authority-data": Buffer.from(authority).toString("base64") };
  const document = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sweetspot", cluster }],
    users: [{ name: "user", user: { token } }],
    contexts: [{ name: "sweetspot", context: { cluster: "sweetspot", user: "user" } }],
    "current-context": "sweetspot",
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
