import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";

/** Receives what has come: bytes `0` to `count` of `bytes`, which are overwritten afterwards. */
export type Receive = (bytes: Buffer, count: number) => void;

/** An opened socket, and the event that says that it is connected. */
export interface OpenedSocket {
  readonly socket: Socket;
  readonly connected: "connect" | "secureConnect";
}

// One for all sockets: bytes are read and received in the same turn, and each socket's are used up before the next reads.
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/**
 * Returns what opens TCP or TLS sockets to the origin of a URL. What they read goes to `receive` without passing through
 * a stream, which would allocate for every read.
 */
export function socketOpener(url: URL): (receive: Receive) => OpenedSocket {
  // The URL writes addresses of IPv6 in brackets.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  // Read once: certificate stores are large.
  const tls = secure
    ? { secureContext: createSecureContext(), ...(isIP(host) === 0 ? { servername: host } : {}) }
    : undefined;
  return (receive) => {
    const onread = {
      buffer: readBuffer,
      callback: (count: number) => {
        receive(readBuffer, count);
        return true;
      },
    };
    const options = { host, port, onread, ...tls };
    const socket = secure ? connectTls(options) : connectTcp(options);
    socket.setNoDelay(true);
    return { socket, connected: secure ? "secureConnect" : "connect" };
  };
}
