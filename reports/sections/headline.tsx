// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The first screen: what ran, at which scale, and what it came to. @module */
import type { RunRecord } from "../../benchmarks/record.ts";
import { Badge, Figure, type Markup } from "../components.tsx";
import { count, decimal, duration, integer, moment, percent } from "../format.ts";
import { groupEvaluations, isBaseline, zeroFlow } from "../groups.ts";
import type { LoadedRun } from "../load.ts";
import { metricName } from "../../benchmarks/metric_names.ts";
import { headline } from "../verdict.ts";
import { shortAdapter } from "./environment.tsx";

const UNFINISHED = {
  running: "This run has not finished. Its numbers will change.",
  interrupted: "This run was interrupted. Its numbers are those of an unfinished run.",
  failed: "This run failed. Its numbers are those from before the failure.",
};

/** One run's headline. */
export function Headline({ run }: { run: LoadedRun }): Markup {
  const { record } = run;
  const { verdict, sentence, detail } = headline(record.comparisons);
  return (
    <article class="headline" aria-label={`Run ${record.id}`}>
      <Paper record={record} />
      {record.status !== "complete" && (
        <p class="warning" role="note">{UNFINISHED[record.status]}</p>
      )}
      <div class="verdict">
        <Badge verdict={verdict} />
        <p class="sentence">
          {withStop(record.scale)} <strong>{sentence}</strong>
        </p>
        {detail !== "" && <p>{detail}</p>}
      </div>
      <KeyFigures run={run} />
      {record.notes.length > 0 && (
        <div class="notes">
          <h2>Know before you trust a number</h2>
          <ul>{record.notes.map((note) => <li>{note}</li>)}</ul>
        </div>
      )}
    </article>
  );
}

/** What ran, as a sentence of its own. */
export function withStop(scale: string): string {
  return /[.!?]$/.test(scale) ? scale : `${scale}.`;
}

function Paper({ record }: { record: RunRecord }): Markup {
  const { title, authors, venue, year, arxiv } = record.paper;
  const linked = /^\d{4}\.\d{4,5}(v\d+)?$/.test(arxiv);
  return (
    <header>
      <p class="overline">
        Reproduction report <code>{record.id}</code> · {moment(record.startedAt)}
      </p>
      <h1>{title}</h1>
      <p class="byline">
        {authors} · {venue} {year}
        {arxiv !== "" && " · "}
        {linked
          ? <a href={`https://arxiv.org/abs/${arxiv}`} rel="noopener noreferrer">arXiv {arxiv}</a>
          : arxiv}
      </p>
    </header>
  );
}

/** The main metric on each dataset, and what the run cost. */
function KeyFigures({ run }: { run: LoadedRun }): Markup {
  const { training, seed, environment } = run.record;
  const results = groupEvaluations([run]).flatMap((group) => {
    const [entry] = group.entries;
    if (group.metric === null || isBaseline(entry)) return [];
    const { quantity, averaging, unit } = metricName(group.metric);
    const value = entry.evaluation.metrics[group.metric];
    const zero = zeroFlow(group)?.evaluation.metrics[group.metric];
    const share = zero && typeof value === "number" ? `${percent(value / zero)} of zero flow` : "";
    return [
      <Figure
        name={[quantity, averaging].filter(Boolean).join(", ")}
        value={decimal(value)}
        unit={unit}
        note={[group.title, share].filter(Boolean).join(" · ")}
      />,
    ];
  });
  const where = shortAdapter(environment);
  return (
    <dl class="figures">
      {results}
      {training !== null && (
        <>
          <Figure
            name="Training"
            value={integer(training.steps)}
            unit={training.steps === training.totalSteps
              ? "steps"
              : `of ${integer(training.totalSteps)} steps`}
            note={`${training.recipe} recipe · seed ${seed}` +
              (training.resumed > 0 ? ` · resumed ${count(training.resumed, "time")}` : "")}
          />
          <Figure name="Time" value={duration(training.seconds)} unit="" note={where} />
          <Figure
            name="Parameters"
            value={integer(training.parameters)}
            unit=""
            note={`trained on ${training.stages.map((stage) => stage.data).join(", then ")}`}
          />
        </>
      )}
    </dl>
  );
}
