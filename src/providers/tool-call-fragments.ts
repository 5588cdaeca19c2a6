import { SignalError } from "../errors.js";
import type { ToolCallPart } from "../types.js";
import { asObject, own, text } from "./json.js";

/** Tool calls of one answer. Source: OpenAI takes at most 128 tools in a request. */
export const TOOL_CALL_LIMIT = 128;

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
    const fragment = asObject(value);
    const fn = asObject(own(fragment, "function"));
    const id = text(own(fragment, "id"));
    const name = text(own(fn, "name"));
    const raw = own(fn, "arguments");
    const args = typeof raw === "string" ? raw : asObject(raw) ? JSON.stringify(raw) : "";
    const wireIndex = toIndex(own(fragment, "index"));

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

    const part: ToolCallPart = { type: "toolCall", index: slot.index, arguments: args };
    if (id !== undefined && slot.id === undefined) part.id = slot.id = id;
    if (name !== undefined && slot.name === undefined) part.name = slot.name = name;
    slot.arguments += args;
    return args === "" && part.id === undefined && part.name === undefined ? undefined : part;
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

/** Some providers give every parallel call the same index and id: a second whole call after a whole one is the next. */
function isNext(slot: Slot, name: string, args: string): boolean {
  if (slot.name === undefined || slot.arguments === "") return false;
  return (args.startsWith("{") || slot.name !== name) && isWhole(slot.arguments);
}

function isWhole(args: string): boolean {
  try {
    return asObject(JSON.parse(args)) !== undefined;
  } catch {
    return false;
  }
}

function toIndex(value: unknown): number | undefined {
  if (typeof value === "string" && /^\d{1,9}$/.test(value)) return Number(value);
  // Any number tells calls apart, be it −1 or 1e9: it is a key and never a position.
  return typeof value === "number" ? value : undefined;
}
