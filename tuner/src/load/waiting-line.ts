interface Place<Item> {
  readonly item: Item;
  next: Place<Item> | undefined;
}

/** First in, first out, in constant time however long it is. */
export class WaitingLine<Item> {
  #first: Place<Item> | undefined;
  #last: Place<Item> | undefined;

  get first(): Item | undefined {
    return this.#first?.item;
  }

  push(item: Item): void {
    const place = { item, next: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
  }

  /** Takes the first out of the line. */
  shift(): void {
    this.#first = this.#first?.next;
    if (this.#first === undefined) this.#last = undefined;
  }
}
