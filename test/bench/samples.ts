import { medianOf, type Spread, spreadOf } from "./statistics.js";

/** What one process found: by measure and metric. */
export type Reading = Record<string, Record<string, number>>;

/** Every round's values, by measure, contestant and metric. */
export type Values = Record<string, Record<string, Record<string, number[]>>>;

/** All that was found, and what could not be. */
export class Samples {
  readonly values: Values;
  /** Why a contestant has no value: by measure, then contestant. */
  readonly notes: Record<string, Record<string, string>>;

  constructor(values: Values = {}, notes: Record<string, Record<string, string>> = {}) {
    this.values = values;
    this.notes = notes;
  }

  add(contestant: string, reading: Reading): void {
    for (const [measure, metrics] of Object.entries(reading)) {
      this.values[measure] ??= {};
      this.values[measure][contestant] ??= {};
      const held = this.values[measure][contestant];
      for (const [metric, value] of Object.entries(metrics)) {
        held[metric] ??= [];
        held[metric].push(value);
      }
    }
  }

  note(measure: string, contestant: string, text: string): void {
    this.notes[measure] ??= {};
    this.notes[measure][contestant] = text;
  }

  spread(measure: string, contestant: string, metric: string): Spread | undefined {
    const values = this.values[measure]?.[contestant]?.[metric];
    return values && spreadOf(values);
  }

  median(measure: string, contestant: string, metric: string): number | undefined {
    const values = this.values[measure]?.[contestant]?.[metric];
    return values && medianOf(values);
  }
}
