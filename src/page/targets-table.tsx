import type { Report } from "../report/report.js";
import { count, duration, money, percent } from "./format.js";
import { hueOfTarget } from "./palette.js";
import { Panel } from "./panel.js";
import { shortNames } from "./short-names.js";
import type { Theme } from "./theme.js";

/** The targets in numbers. */
export function TargetsTable({ report, theme }: { report: Report; theme: Theme }) {
  const { targets } = report;
  const short = shortNames(targets.map(({ target }) => target));
  return (
    <Panel
      id="targets"
      title="Targets"
      note="attempts that reached them"
      empty={targets.length === 0 && "No target was asked."}
    >
      <div class="targets-scroll">
        <table class="targets">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">Attempts</th>
              <th scope="col">Success</th>
              <th scope="col">p50</th>
              <th scope="col">p99</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {targets.map(({ target, attempts, success, firstContentMs, cost }) => (
              <tr key={target}>
                <th scope="row" title={target}>
                  <i class="swatch" style={{ background: hueOfTarget(target, theme) }} />
                  {short(target)}
                </th>
                <td class="num">{count(attempts)}</td>
                <td class="num">{percent(success.rate)}</td>
                <td class="num">{duration(firstContentMs.p50)}</td>
                <td class="num">{duration(firstContentMs.p99)}</td>
                <td class="num">{money(cost.usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
