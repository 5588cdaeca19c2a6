import { isDeepStrictEqual } from "node:util";
import { SignalError } from "../errors.js";
import type { ToolCallPart } from "../types.js";
import { asObject, notJson, own, parse, text } from "./json.js";

/** Tool calls of one answer. Source: OpenAI takes at most 128 tools in a request. */
export const TOOL_CALL_LIMIT = 128;

interface Fragment {
  id: string | undefined;
  name: string | undefined;
  args: string;
  wireIndex: number | undefined;
}

interface Slot {
  index: number;
  id?: string;
  name?: string;
  arguments: string;
}

/**
 * Tells which fragments belong to one tool call, and numbers the calls 0, 1, 2 … in order of appearance. The wire's
 * own `index` cannot be trusted: it is missing, negative, a string, or the same for parallel calls.
 */
export class ToolCallFragments {
  readonly #slots: Slot[] = [];
  readonly #byIndex = new Map<number, Slot>();

  /** The part a fragment adds; undefined when it adds nothing. @throws SignalError when there are too many calls */
  add(value: unknown): ToolCallPart | undefined {
    const { id, name, args, wireIndex } = read(value);

    let slot = this.#find(wireIndex, id, name);
    if (slot && name !== undefined && isNext(slot, name, args)) {
      if (slot.name === name && slot.arguments === args) return undefined;
      slot = undefined;
    }
    if (!slot) {
      if (id === undefined && name === undefined && args === "") return undefined;
      slot = this.#start();
    }
    if (wireIndex !== undefined) this.#byIndex.set(wireIndex, slot);
    return fill(slot, { id, name, args });
  }

  /**
   * The parts that a message adds: it repeats every call from the first on, so that their place tells them apart.
   *
   * @throws SignalError when they do not begin with what came before, or there are too many
   */
  whole(values: readonly unknown[]): ToolCallPart[] {
    return values
      .map(read)
      .filter(({ id, name, args }) => id !== undefined || name !== undefined || args !== "")
      .flatMap(({ id, name, args, wireIndex }, place) => {
        const slot = this.#slots[place] ?? this.#start();
        const news = args.startsWith(slot.arguments) ? args.slice(slot.arguments.length) : undefined;
        if ((slot.name ?? name) !== name || (news === undefined && !saysTheSame(slot.arguments, args))) {
          throw notJson("a tool call of a message in the stream does not begin with what came before it");
        }
        if (wireIndex !== undefined) this.#byIndex.set(wireIndex, slot);
        return fill(slot, { id, name, args: news ?? "" }) ?? [];
      });
  }

  #find(wireIndex: number | undefined, id: string | undefined, name: string | undefined): Slot | undefined {
    if (wireIndex !== undefined) {
      const slot = this.#byIndex.get(wireIndex);
      const another = slot?.id !== undefined && id !== undefined && slot.id !== id;
      return another ? undefined : slot;
    }
    if (id !== undefined) return this.#slots.findLast((slot) => slot.id === id);
    const last = this.#slots.at(-1);
    return name !== undefined && last?.name !== undefined ? undefined : last;
  }

  #start(): Slot {
    if (this.#slots.length >= TOOL_CALL_LIMIT) {
      const message = `more than ${TOOL_CALL_LIMIT} tool calls in one answer`;
      throw new SignalError({ kind: "invalid", reason: "oversized", message });
    }
    const slot: Slot = { index: this.#slots.length, arguments: "" };
    this.#slots.push(slot);
    return slot;
  }
}

function read(value: unknown): Fragment {
  const fragment = asObject(value);
  const fn = asObject(own(fragment, "function"));
  const raw = own(fn, "arguments");
  return {
    id: text(own(fragment, "id")),
    name: text(own(fn, "name")),
    args: typeof raw === "string" ? raw : asObject(raw) ? JSON.stringify(raw) : "",
    wireIndex: toIndex(own(fragment, "index")),
  };
}

/** Adds to a call; undefined when that changes nothing. */
function fill(slot: Slot, { id, name, args }: Omit<Fragment, "wireIndex">): ToolCallPart | undefined {
  const part: ToolCallPart = { type: "toolCall", index: slot.index, arguments: args };
  if (id !== undefined && slot.id === undefined) part.id = slot.id = id;
  if (name !== undefined && slot.name === undefined) part.name = slot.name = name;
  slot.arguments += args;
  return args === "" && part.id === undefined && part.name === undefined ? undefined : part;
}

/** Some providers give every parallel call the same index and id: a second whole call after a whole one is the next. */
function isNext(slot: Slot, name: string, args: string): boolean {
  if (slot.name === undefined || slot.arguments === "") return false;
  return (args.startsWith("{") || slot.name !== name) && isWhole(slot.arguments);
}

function isWhole(args: string): boolean {
  return asObject(parse(args)) !== undefined;
}

/** The same arguments, written with other white space. */
function saysTheSame(args: string, others: string): boolean {
  const value = parse(args);
  return value !== undefined && isDeepStrictEqual(value, parse(others));
}

function toIndex(value: unknown): number | undefined {
  if (typeof value === "string" && /^\d{1,9}$/.test(value)) return Number(value);
  // Any number tells calls apart, be it −1 or 1e9: it is a key and never a position.
  return typeof value === "number" ? value : undefined;
}
