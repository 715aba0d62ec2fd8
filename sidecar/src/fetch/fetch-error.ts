/** A model that cannot be fetched. The message is fit to be shown: it holds no credentials, no query and nothing that a server said. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  /** It may work when it is tried again. */
  readonly transient: boolean;

  constructor(message: string, transient = false) {
    super(message);
    this.transient = transient;
  }
}

/** An address as it may be shown: what follows a question mark may be a signature. */
export const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`;
