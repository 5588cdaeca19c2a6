import type { CallsReply } from "../serve/wire.js";
import { words } from "./format.js";
import { Search } from "./icons.js";

export interface Filters {
  text: string;
  outcome: string;
  target: string;
  failure: string;
  label: string;
  minMs: string;
  failover: string;
}

export const NO_FILTERS: Filters = {
  text: "",
  outcome: "",
  target: "",
  failure: "",
  label: "",
  minMs: "",
  failover: "",
};

const OUTCOMES = ["ok", "failed", "aborted", "running", "unknown"];
const SLOW = [
  ["1000", "≥ 1 s"],
  ["3000", "≥ 3 s"],
  ["10000", "≥ 10 s"],
  ["30000", "≥ 30 s"],
  ["60000", "≥ 1 m"],
] as const;

export interface CallFiltersProps {
  filters: Filters;
  choices: CallsReply["choices"];
  onFilters: (filters: Filters) => void;
}

export function CallFilters({ filters, choices, onFilters }: CallFiltersProps) {
  const set = (name: keyof Filters) => (value: string) => onFilters({ ...filters, [name]: value });
  const active = Object.values(filters).some((value) => value !== "");
  return (
    <search class="filters">
      <label class="search">
        <Search />
        <span class="hidden">Search calls by id, model, label or user</span>
        <input
          id="search"
          type="search"
          placeholder="Search id, model, label, user"
          autocomplete="off"
          spellcheck={false}
          maxLength={200}
          value={filters.text}
          onInput={({ currentTarget }) => set("text")(currentTarget.value)}
        />
        <span class="key" aria-hidden="true">
          /
        </span>
      </label>
      <Choice
        name="Outcome"
        value={filters.outcome}
        of={OUTCOMES.map((each) => [each, each])}
        onChoose={set("outcome")}
      />
      <Choice
        name="Target"
        value={filters.target}
        of={choices.targets.map((each) => [each, each])}
        onChoose={set("target")}
      />
      <Choice
        name="Failure"
        value={filters.failure}
        of={choices.failures.map((each) => [each, words(each)])}
        onChoose={set("failure")}
      />
      <Choice
        name="Label"
        value={filters.label}
        of={choices.labels.map((each) => [each, each])}
        onChoose={set("label")}
      />
      <Choice name="Duration" value={filters.minMs} of={SLOW} onChoose={set("minMs")} />
      <button
        type="button"
        class="toggle"
        aria-pressed={filters.failover === "1"}
        onClick={() => set("failover")(filters.failover === "1" ? "" : "1")}
      >
        Failover only
      </button>
      <button type="button" class="clear" disabled={!active} onClick={() => onFilters(NO_FILTERS)}>
        Clear
      </button>
    </search>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  of: readonly (readonly [string, string])[];
  onChoose: (value: string) => void;
}

function Choice({ name, value, of, onChoose }: ChoiceProps) {
  const known = value === "" || of.some(([each]) => each === value);
  return (
    <label class={`choice ${value === "" ? "" : "chosen"}`}>
      <span class="hidden">{name}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">{name}</option>
        {!known && <option value={value}>{value}</option>}
        {of.map(([each, says]) => (
          <option key={each} value={each}>
            {says}
          </option>
        ))}
      </select>
    </label>
  );
}
