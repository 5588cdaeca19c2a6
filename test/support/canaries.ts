import { createHash } from "node:crypto";

/** Secrets and private words planted in inputs, and the search for them in outputs. */
export class Canaries {
  readonly #planted = new Map<string, string[]>();
  readonly #seen = new Set<string>();

  /** Words of a prompt or an answer. */
  words(name: string): string {
    return this.#plant(
      name,
      `private ${name}: ${mark(name)}, or ${mark(`${name} 2`)}`,
      mark(name),
      mark(`${name} 2`),
    );
  }

  /** A key that looks like one. */
  key(name: string): string {
    return this.#plant(name, `sk-or-v1-${mark(name)}${mark(`${name} 2`)}`, mark(name), mark(`${name} 2`));
  }

  /** A key, token or password that looks like nothing in particular. */
  secret(name: string): string {
    return this.#plant(name, `Zx9${mark(name)}`, mark(name));
  }

  /** The same, of characters that JSON, URLs, forms and HTML write in another way. */
  odd(name: string): string {
    const halves = [mark(name), mark(`${name} 2`)] as const;
    return this.#plant(name, `Q"\\/${halves[0]}+&=<%'>${halves[1]}`, ...halves);
  }

  get count(): number {
    return this.#planted.size;
  }

  /** The names of those that a text holds, as they are or encoded. */
  in(text: string): string[] {
    const found = [...this.#planted].filter(([, forms]) => forms.some((form) => text.includes(form)));
    return found.map(([name]) => name);
  }

  /** Notes those that a text holds: what was sent, answered or thrown. */
  see(text: string): void {
    for (const name of this.in(text)) this.#seen.add(name);
  }

  /** Of those that no such text held, nothing has been shown by not finding them. */
  get unseen(): string[] {
    return [...this.#planted.keys()].filter((name) => !this.#seen.has(name));
  }

  #plant(name: string, value: string, ...marks: string[]): string {
    if (this.#planted.has(name)) throw new Error(`${name} is planted twice`);
    const bytes = Buffer.from(value);
    this.#planted.set(name, [
      ...marks,
      bytes.toString("base64").replace(/=+$/, ""),
      bytes.toString("base64url"),
      bytes.toString("hex"),
    ]);
    return value;
  }
}

/** Twelve characters that occur nowhere else. */
function mark(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 12);
}
