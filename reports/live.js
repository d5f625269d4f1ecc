// Keeps the curves of a run in progress up to date. Runs in the reader's browser, after page.js, on
// a page that came from `deno task reports --serve`.
(() => {
  const run = document.querySelector("[data-live]"), news = document.getElementById("news");
  const [step] = run.querySelectorAll(".figures .value"),
    note = run.querySelector(".figures small");
  const INTERVAL = 2000;

  const ask = async () => {
    try {
      const answer = await fetch(`/live/${encodeURIComponent(run.dataset.live)}/charts.json`);
      if (!answer.ok) throw new Error(`the server says ${answer.status}`);
      const { status, steps, charts } = await answer.json();
      step.textContent = steps.toLocaleString("en-US");
      note.textContent = status;
      document.dispatchEvent(new CustomEvent("charts", { detail: charts }));
      news.textContent = status === "running" ? "" : `The run is ${status}.`;
      if (status !== "running") return;
    } catch (error) {
      news.textContent = `No news: ${error.message}. Asking again.`;
    }
    setTimeout(ask, INTERVAL);
  };
  setTimeout(ask, INTERVAL);
})();
