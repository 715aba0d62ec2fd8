/** Where a model of another server is. */
export interface ModelAddress {
  readonly protocol: "http" | "grpc";
  /** With TLS. */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Before `/v2`, for servers behind a gateway; empty for most. */
  readonly prefix: string;
  readonly model: string;
  /** Null: the server chooses. */
  readonly version: string | null;
}

/** An address that cannot be used; the message is for the user. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

const schemes: Readonly<Record<string, Pick<ModelAddress, "protocol" | "secure"> & { readonly port: number }>> = {
  "http:": { protocol: "http", secure: false, port: 80 },
  "https:": { protocol: "http", secure: true, port: 443 },
  "grpc:": { protocol: "grpc", secure: false, port: 80 },
  "grpcs:": { protocol: "grpc", secure: true, port: 443 },
};

const path = /^(?<prefix>\/.*)?\/v2\/models\/(?<model>[^/]+)(?:\/versions\/(?<version>[^/]+))?\/?$/;

/** Reads `SCHEME://HOST:PORT/v2/models/NAME[/versions/VERSION]`; schemes as above. Throws `AddressError`. */
export function parseModelAddress(text: string): ModelAddress {
  const url = URL.parse(text);
  const scheme = url === null ? undefined : schemes[url.protocol];
  const match = path.exec(url?.pathname ?? "");
  if (url === null || scheme === undefined || url.hostname === "" || match?.groups === undefined) {
    throw new AddressError(
      `"${text.slice(0, 200)}" is no address of a model; it looks like http://HOST:PORT/v2/models/NAME.`,
    );
  }
  const { prefix = "", model = "", version = null } = match.groups;
  const { protocol, secure, port } = scheme;
  return {
    protocol,
    secure,
    host: url.hostname,
    port: url.port === "" ? port : Number(url.port),
    prefix,
    model: decodeURIComponent(model),
    version: version === null ? null : decodeURIComponent(version),
  };
}

/** The address of a model on a server, as a plan has it. Throws `AddressError`. */
export function modelAddress(server: string, model: string, version?: string): string {
  const base = server.replace(/\/+$/, "");
  const suffix = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
  const address = `${base}/v2/models/${encodeURIComponent(model)}${suffix}`;
  parseModelAddress(address);
  return address;
}

/** `HOST:PORT`, as sockets want it. */
export const authorityOf = ({ host, port }: ModelAddress): string => `${host}:${port}`;
