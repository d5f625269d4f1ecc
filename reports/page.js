// Draws the charts of a report. Runs in the reader's browser, after Chart.js and tables.js, in the
// same page as the data; it must work offline and from file://.
(() => {
  const { save } = globalThis.reflow;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const reader = getComputedStyle(document.documentElement);
  const color = (name) => reader.getPropertyValue(`--${name}`).trim();
  const drawn = new Map();

  /** 1, 2 and 5 times the powers of ten, for a logarithmic axis. */
  const roundTicks = (axis) => {
    axis.ticks = [];
    for (let power = Math.floor(Math.log10(axis.min)); 10 ** power <= axis.max; power++) {
      for (const value of [1, 2, 5].map((digit) => digit * 10 ** power)) {
        if (value >= axis.min && value <= axis.max) axis.ticks.push({ value });
      }
    }
  };

  const digits = { maximumSignificantDigits: 6 };

  /** A vertical line with a label, behind the curves. */
  const mark = {
    id: "mark",
    beforeDatasetsDraw(chart, _, { x, label }) {
      if (x === undefined) return;
      const { ctx, chartArea, scales } = chart;
      const at = scales.x.getPixelForValue(x);
      const left = at > (chartArea.left + chartArea.right) / 2;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = color("soft");
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(at, chartArea.top);
      ctx.lineTo(at, chartArea.bottom);
      ctx.stroke();
      ctx.textAlign = left ? "right" : "left";
      ctx.fillText(label, at + (left ? -6 : 6), chartArea.top + 10);
      ctx.restore();
    },
  };

  const axis = ({ title, log }, whole) => ({
    type: log ? "logarithmic" : "linear",
    title: { display: true, text: title },
    border: { display: false },
    grid: { color: color("line"), drawTicks: false },
    afterBuildTicks: log ? roundTicks : undefined,
    ticks: {
      padding: 8,
      maxRotation: 0,
      autoSkipPadding: 16,
      ...(whole ? { precision: 0 } : {}),
      callback: (value) => value.toLocaleString("en-US", digits),
    },
  });

  const radiusOf = (style, count, stepped) =>
    style === "points" ? (count > 60 ? 2 : 3) : count <= 30 && !stepped ? 3 : 0;

  const line = (chart) => ({ label, points, style, color: index }) => ({
    label,
    data: points.map(([x, y]) => ({ x, y })),
    borderColor: color(`series-${index % 6}`) + (style === "raw" ? "55" : ""),
    backgroundColor: color(`series-${index % 6}`),
    borderWidth: style === "raw" ? 1 : 2,
    borderDash: style === "baseline" ? [6, 4] : [],
    showLine: style !== "points",
    pointRadius: radiusOf(style, points.length, chart.stepped),
    pointStyle: ["circle", "rect", "triangle", "rectRot", "star", "crossRot"][index % 6],
    pointHitRadius: 8,
    stepped: chart.stepped ? "before" : false,
    clip: 4,
    order: style === "raw" || style === "points" ? 1 : 0,
  });

  const bars = ({ label, points, style, color: index }) => ({
    label,
    data: points.map(([, y]) => y),
    backgroundColor: color(`series-${index % 6}`) + (style === "baseline" ? "88" : ""),
    borderRadius: 3,
    maxBarThickness: 48,
  });

  const dataOf = (chart) => ({
    labels: chart.categories,
    datasets: chart.series.map(chart.categories ? bars : line(chart)),
  });

  const config = (chart) => ({
    type: chart.categories ? "bar" : "line",
    data: dataOf(chart),
    options: {
      animation: false,
      maintainAspectRatio: false,
      normalized: true,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: chart.categories
          ? { grid: { display: false }, title: { display: true, text: chart.x.title } }
          : axis(chart.x, !chart.stepped),
        y: { ...axis(chart.y, false), ...(chart.categories ? { beginAtZero: true } : {}) },
      },
      plugins: {
        mark: chart.mark ?? {},
        legend: {
          display: chart.series.length > 1,
          position: "bottom",
          align: "start",
          labels: chart.categories
            ? { boxWidth: 12, padding: 16 }
            : { usePointStyle: true, pointStyle: "line", pointStyleWidth: 28, padding: 16 },
        },
      },
    },
    plugins: [mark],
  });

  /** Charts are drawn when they come into view: a page of many is usable at once. */
  const drawOne = (chart) => {
    if (drawn.has(chart.id)) return;
    Chart.defaults.font.family = reader.getPropertyValue("font-family");
    Chart.defaults.font.size = 12;
    Chart.defaults.color = color("soft");
    drawn.set(chart.id, new Chart(document.getElementById(chart.id), config(chart)));
  };
  const coming = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) drawOne(charts.find(({ id }) => id === target.id));
    }
  }, { rootMargin: "50%" });

  const redraw = () => {
    const ids = [...drawn.keys()];
    for (const chart of drawn.values()) chart.destroy();
    drawn.clear();
    for (const chart of charts) if (ids.includes(chart.id)) drawOne(chart);
  };

  for (const { id } of charts) coming.observe(document.getElementById(id));
  /** The others follow one by one while the reader does nothing. */
  const drawRest = () => {
    const next = charts.find(({ id }) => !drawn.has(id));
    if (next === undefined) return;
    drawOne(next);
    requestIdleCallback(drawRest);
  };
  addEventListener("load", () => requestIdleCallback(drawRest));
  dark.addEventListener("change", redraw);
  // Paper is light: the class gives the page its light colours, and the charts follow.
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    for (const chart of charts) drawOne(chart);
    redraw();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    redraw();
  });

  /** New points for charts that are on the page: a run in progress tells of them. */
  document.addEventListener("charts", ({ detail }) => {
    for (const fresh of detail) {
      const known = charts.find(({ id }) => id === fresh.id);
      if (known === undefined) continue;
      Object.assign(known, fresh);
      const chart = drawn.get(fresh.id);
      if (chart === undefined) continue;
      chart.data.datasets = dataOf(fresh).datasets;
      chart.update("none");
    }
  });

  /** A picture of a chart on the page's own ground. */
  const pictureOf = (id) => {
    drawOne(charts.find((chart) => chart.id === id));
    const canvas = document.getElementById(id), copy = document.createElement("canvas");
    copy.width = canvas.width;
    copy.height = canvas.height;
    const pen = copy.getContext("2d");
    pen.fillStyle = color("paper");
    pen.fillRect(0, 0, copy.width, copy.height);
    pen.drawImage(canvas, 0, 0);
    return new Promise((resolve) => copy.toBlob(resolve, "image/png"));
  };

  document.addEventListener("click", async ({ target }) => {
    const { png } = target.dataset ?? {};
    if (png !== undefined) save(await pictureOf(png), `${png}.png`);
  });
})();
