// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** Sections made of charts: training, update iterations, distribution over samples. @module */
import type { Chart } from "../chart.ts";
import { ChartFigure, type Markup, Section } from "../components.tsx";

/** How training went; null where no curve was kept. */
export function Curves({ charts }: { charts: readonly Chart[] }): Markup | null {
  if (charts.length === 0) return null;
  return (
    <Section
      id="curves"
      title="Training"
      lead="A noisy curve is drawn as its running mean over a twentieth of the run."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
    </Section>
  );
}

/** What more update iterations buy; null where only one count was scored. */
export function Iterations({ charts }: { charts: readonly Chart[] }): Markup | null {
  if (charts.length === 0) return null;
  return (
    <Section
      id="iterations"
      title="Update iterations"
      lead="The error after fewer and more update iterations than the protocol's, same weights. The dashed line marks the number it was trained with."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
    </Section>
  );
}

/** How the error depends on how far pixels move; null where no protocol tells them apart. */
export function Motion({ charts }: { charts: readonly Chart[] }): Markup | null {
  if (charts.length === 0) return null;
  return (
    <Section
      id="motion"
      title="Length of motion"
      lead="Long motion is harder to find and rarer. Zero flow's bars are the motion itself: what is far below them was found."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
    </Section>
  );
}

/** How the error is spread over samples; null where no per-sample numbers were kept. */
export function Distribution({ charts }: { charts: readonly Chart[] }): Markup | null {
  if (charts.length === 0) return null;
  return (
    <Section
      id="distribution"
      title="Spread over samples"
      lead="The share of samples with an error of at most x. A curve further to the left is better everywhere; curves that cross tell apart easy and hard samples."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
    </Section>
  );
}
