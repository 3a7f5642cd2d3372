"use strict";
// The one script of the report: a button in each head of a sortable table. Without it the page only loses sorting.
(function () {
  const label = document.currentScript.dataset.sort;
  function key(cell) {
    return cell.dataset.order === undefined ? cell.textContent.trim() : Number(cell.dataset.order);
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") { return a - b; }
    if (typeof a !== typeof b) { return typeof a === "number" ? -1 : 1; }
    return a.localeCompare(b, document.documentElement.lang, { numeric: true });
  }
  function sort(table, head, index) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) { other.removeAttribute("aria-sort"); }
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = Array.from(table.tBodies[0].rows);
    rows.sort((a, b) => (down ? -1 : 1) * compare(key(a.cells[index]), key(b.cells[index])));
    table.tBodies[0].append(...rows);
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) { continue; }
    Array.from(table.tHead.rows[0].cells).forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = label.replace("{column}", head.textContent);
      button.addEventListener("click", () => sort(table, head, index));
      head.replaceChildren(button);
    });
  }
})();
