"use strict";
// The audit form: verdicts are remembered by the browser and saved as the sheet that the program reads back.
(function () {
  const form = document.querySelector("form");
  const storage = "mothertongue-audit-" + form.dataset.key;
  const progress = document.querySelector("[data-progress]");
  const rows = Array.from(form.querySelectorAll("[data-row]"));
  function verdict(row) {
    const chosen = row.querySelector("input[type=radio]:checked");
    return chosen === null ? "" : chosen.value;
  }
  function comment(row) { return row.querySelector("input[type=text]").value; }
  function remember() {
    const value = {};
    for (const row of rows) {
      if (verdict(row) || comment(row)) { value[row.dataset.row] = [verdict(row), comment(row)]; }
    }
    try { localStorage.setItem(storage, JSON.stringify(value)); } catch (error) { /* a browser may forbid it */ }
    const done = rows.filter((row) => verdict(row) !== "").length;
    progress.textContent = progress.dataset.progress.replace("{done}", done).replace("{all}", rows.length);
  }
  function recall() {
    let value = {};
    try { value = JSON.parse(localStorage.getItem(storage) || "{}"); } catch (error) { /* start anew */ }
    for (const row of rows) {
      const [word, text] = value[row.dataset.row] || ["", ""];
      for (const input of row.querySelectorAll("input[type=radio]")) { input.checked = input.value === word; }
      row.querySelector("input[type=text]").value = text;
    }
  }
  function cell(text) {
    const line = text.replace(/[\s\u0000-\u001f]+/gu, " ").trim();
    return '"' + (/^[=+\-@']/.test(line) ? "'" + line : line).replace(/"/g, '""') + '"';
  }
  function save() {
    const lines = rows.map((row) => [row.dataset.row, verdict(row), comment(row)].map(cell).join("\t"));
    const text = "\ufeff" + ["row\tverdict\tcomment", ...lines].join("\r\n") + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/tab-separated-values" }));
    link.download = "audit.tsv";
    link.click();
    URL.revokeObjectURL(link.href);
  }
  recall();
  remember();
  form.addEventListener("change", remember);
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  for (const hidden of document.querySelectorAll("[data-scripted]")) { hidden.hidden = false; }
})();
