import { seeded } from "../seeded.js";
import { derive } from "./random.js";
import type { ModelScript, Script } from "./script.js";

/** A script drawn for one request. */
export interface Drawn {
  script: Exclude<Script, { either: unknown }>;
  /** Where it stands, e.g. `models["a/b"][1]`. */
  path: string;
  /** How often it was drawn, from 1. */
  uses: number;
}

/** Walks through the steps of one model. Draws depend on the seed and the model, not on other models. */
export function cursor(model: string, script: ModelScript, seed: number): () => Drawn {
  const steps = Array.isArray(script) ? script : [script];
  const random = seeded(derive(seed, model));
  const uses = new Map<Script, number>();
  const root = `models[${JSON.stringify(model)}]`;
  let index = 0;
  let played = 0;

  return () => {
    const step = steps[index] as Script;
    if (index < steps.length - 1 && played >= (step.times ?? 1)) {
      index++;
      played = 0;
    }
    played++;
    return draw(steps[index] as Script, Array.isArray(script) ? `${root}[${index}]` : root);
  };

  function draw(from: Script, path: string): Drawn {
    if (from.either === undefined) {
      const count = (uses.get(from) ?? 0) + 1;
      uses.set(from, count);
      return { script: from, path, uses: count };
    }
    let left = random();
    for (const [i, branch] of from.either.entries()) {
      if (left < branch.p) return draw(branch.script, `${path}.either[${i}].script`);
      left -= branch.p;
    }
    return { script: {}, path, uses: 1 };
  }
}
