/** A member's place in a roster; empty once it has left. */
interface Seat<T> {
  member: T | undefined;
  before: Seat<T> | undefined;
  after: Seat<T> | undefined;
}

/**
 * Who is there, where thousands come and go. Not a Set: one that has been added to and deleted from often enough takes a new table, and
 * the old one leads to it, so that in V8's old generation each keeps the next alive with all the members it had, until a full
 * collection. See docs/decisions/young-and-old.md.
 */
export class Roster<T> implements Iterable<T> {
  #first: Seat<T> | undefined;
  #last: Seat<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns what the member leaves by, once. */
  join(member: T): () => void {
    const seat: Seat<T> = { member, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = seat;
    else this.#first = seat;
    this.#last = seat;
    this.#size++;
    return () => this.#leave(seat);
  }

  /** Those who are there now, in the order in which they came, whoever leaves meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    const members: T[] = [];
    for (let seat = this.#first; seat; seat = seat.after) members.push(seat.member as T);
    yield* members;
  }

  #leave(seat: Seat<T>): void {
    if (seat.member === undefined) return;
    if (seat.before) seat.before.after = seat.after;
    else this.#first = seat.after;
    if (seat.after) seat.after.before = seat.before;
    else this.#last = seat.before;
    // A seat that is old and empty leads nowhere.
    seat.member = undefined;
    seat.before = undefined;
    seat.after = undefined;
    this.#size--;
  }
}
