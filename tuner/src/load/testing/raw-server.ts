import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { tlsIdentity } from "./tls-identity.ts";

export interface RawServer {
  readonly url: string;
  /** Every connection so far, in the order of their coming. */
  readonly sockets: Socket[];
  /** The requests so far, in the order of their coming: the index of their connection, and their body. */
  readonly requests: { readonly connection: number; readonly body: string }[];
  close(): Promise<void>;
}

/**
 * A server on a free loopback port that answers each request with whatever bytes, or deeds, its test wants. It knows only
 * requests that come with the content-length of an ASCII body.
 */
export async function startRawServer(
  answer: (socket: Socket, index: number) => void,
  security: "Plain" | "Tls" = "Plain",
): Promise<RawServer> {
  const sockets: Socket[] = [];
  const requests: RawServer["requests"][number][] = [];
  const accept = (socket: Socket) => {
    const connection = sockets.push(socket) - 1;
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let body = takeBody(text); body !== null; body = takeBody(text)) {
        text = text.slice(body.end);
        answer(socket, requests.push({ connection, body: body.text }) - 1);
      }
    });
  };
  const server = security === "Tls" ? createTlsServer(tlsIdentity, accept) : createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = security === "Tls" ? `https://localhost:${port}/` : `http://127.0.0.1:${port}/`;
  return { url, sockets, requests, close: () => closeAll(server, sockets) };
}

function takeBody(text: string): { text: string; end: number } | null {
  const start = text.indexOf("\r\n\r\n") + 4;
  const end = start + Number(/\r\ncontent-length: (\d+)\r\n/.exec(text)?.[1] ?? 0);
  return start < 4 || text.length < end ? null : { text: text.slice(start, end), end };
}

async function closeAll(server: Server, sockets: readonly Socket[]): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}
