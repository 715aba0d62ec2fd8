/** A file in an archive. `mode` defaults to 0644; owner and time are always 0, so that equal content gives equal bytes. */
export interface TarEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly mode?: number;
}

const block = 512;
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

/** Writes files as a tar archive (POSIX ustar). Throws on a name longer than 100 bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => [header(entry), entry.content, padding(entry.content.length)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

const padding = (length: number): Buffer => Buffer.alloc((block - (length % block)) % block);

function header({ name, content, mode = 0o644 }: TarEntry): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is longer than the 100 bytes that a ustar header holds`);
  const result = Buffer.alloc(block);
  const put = (offset: number, text: string) => result.write(text, offset, "utf8");
  put(0, name);
  put(100, octal(mode, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(124, octal(content.length, 12));
  put(136, octal(0, 12));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\x0000");
  const sum = result.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return result;
}
