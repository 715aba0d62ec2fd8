/** An absolute path of two parts or more that is no URL of the protocol, a stack trace, or a module. */
const leakPatterns = [
  /(?<![\w./:])\/(?!v[12]\b)[\w.-]+\/[\w.-]+/,
  /\bat [\w.<>]+ \(|\n\s+at /,
  /node_modules|node:internal|\.(?:ts|js|mjs|so|onnx)\b(?![\w"'])/,
  /\b(?:Type|Range|Syntax|Reference)Error\b/,
];

/** What an answer shows of the server's inside, unless the client itself had sent it; null where it shows nothing. */
export function leakIn(text: string, sent: Uint8Array): string | null {
  const request = Buffer.from(sent).toString("latin1");
  for (const pattern of leakPatterns) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && !request.includes(found)) return found;
  }
  return null;
}
