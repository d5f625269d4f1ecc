// Tables of a report: saved as CSV, sorted by a column, filtered. Runs in the reader's browser; it
// must work offline and from file://.
(() => {
  /** Hands a file to the reader. */
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  globalThis.reflow = { save };

  /** A cell's text; one that a spreadsheet would run as a formula is kept from it. */
  const cell = (element) => {
    const text = (element.dataset.value ?? element.innerText).trim().replaceAll(/\s*\n\s*/g, "; ")
      .replaceAll("\u2212", "-");
    const inert = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };
  const csv = (table) =>
    [...table.rows].filter((row) => !row.hidden)
      .map((row) => [...row.cells].map(cell).join(",")).join("\r\n") + "\r\n";

  document.addEventListener("click", ({ target }) => {
    const { csv: id } = target.dataset ?? {};
    if (id === undefined) return;
    const table = document.querySelector(`[data-table="${CSS.escape(id)}"] table`);
    // A table that is folded up has no innerText.
    const folded = table.closest("details:not([open])");
    if (folded) folded.open = true;
    const text = csv(table);
    if (folded) folded.open = false;
    save(new Blob([text], { type: "text/csv" }), `${id}.csv`);
  });

  /** Numbers by size, text by letters, what is missing last. */
  const compare = (a, b, sign) => {
    if (a === b) return 0;
    if (a === "" || b === "") return a === "" ? 1 : -1;
    const [x, y] = [Number(a), Number(b)];
    const order = Number.isNaN(x) || Number.isNaN(y) ? (a < b ? -1 : 1) : x - y;
    return sign * order;
  };
  const valueOf = (row, column) => {
    const { dataset, innerText, textContent } = row.cells[column];
    return dataset.value ?? (innerText || textContent).trim();
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells], [body] = table.tBodies;
    for (const [column, head] of heads.entries()) {
      head.querySelector("button")?.addEventListener("click", () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const values = new Map([...body.rows].map((row) => [row, valueOf(row, column)]));
        const sign = rising ? 1 : -1;
        const rows = [...body.rows].sort((a, b) => compare(values.get(a), values.get(b), sign));
        body.append(...rows);
      });
    }
  }

  for (const form of document.querySelectorAll("form[data-filters]")) {
    const table = document.getElementById(form.dataset.filters), [body] = table.tBodies;
    const said = form.querySelector("output");
    const texts = new Map([...body.rows].map((row) => [row, row.textContent.toLowerCase()]));
    const apply = () => {
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = [...form.querySelectorAll("select")].filter(({ value }) => value !== "");
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !words.every((word) => texts.get(row).includes(word)) ||
          !wanted.every(({ name, value }) => row.dataset[name] === value);
        if (!row.hidden) shown++;
      }
      said.textContent = `${shown} of ${body.rows.length} shown`;
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
})();
