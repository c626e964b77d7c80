/* The table of packages: sorted by any column, filtered by what is typed. */

const COLUMNS = [
  {title: "Package", value: (one) => one.name},
  {title: "Version", value: (one) => one.version || "", isWide: false},
  {title: "Download", value: (one) => one.size_bytes ?? -1, text: formatSize, isNumber: true},
  {title: "With what only it needs", value: (one) => one.total, text: (one) => formatBytes(one.total), isNumber: true, isWide: true},
  {title: "Licence", value: (one) => one.license || "", text: (one) => one.license || "none stated", isWide: true},
  {title: "Kind", value: (one) => KINDS[one.kind], isWide: true},
];

const order = new Intl.Collator("en", {numeric: true}).compare;

class Table {
  constructor(section) {
    this.head = section.querySelector("thead tr");
    this.body = section.querySelector("tbody");
    this.filter = section.querySelector("input");
    this.count = section.querySelector("output");
    this.column = COLUMNS[2];
    this.isDescending = true;
    this.head.append(...COLUMNS.map((column) => this.makeHead(column)));
    this.filter.addEventListener("input", () => this.narrow());
    section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  }

  makeHead(column) {
    const button = make("button", {type: "button"}, column.title);
    button.addEventListener("click", () => this.sortBy(column));
    column.head = make("th", {scope: "col", class: classOf(column)}, button);
    return column.head;
  }

  show(platform) {
    this.rows = platform.packages.map((one, at) => ({one, element: this.makeRow(platform, one, at)}));
    this.sort();
    this.narrow();
  }

  makeRow(platform, one, at) {
    const first = make("th", {scope: "row"}, linkTo(platform, at), ...(one.is_requested ? [" ", make("small", {}, "requested")] : []));
    const others = COLUMNS.slice(1).map((column) => {
      const text = String((column.text || column.value)(one));
      return make("td", {class: classOf(column)}, column.isNumber ? text : name(text));
    });
    return make("tr", {}, first, ...others);
  }

  sortBy(column) {
    this.isDescending = this.column === column ? !this.isDescending : Boolean(column.isNumber);
    this.column = column;
    this.sort();
  }

  sort() {
    const {value, isNumber} = this.column;
    const compare = isNumber ? (a, b) => a - b : order;
    const sign = this.isDescending ? -1 : 1;
    this.rows.sort((a, b) => sign * compare(value(a.one), value(b.one)) || order(a.one.key, b.one.key));
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    for (const column of COLUMNS) column.head.removeAttribute("aria-sort");
    this.column.head.setAttribute("aria-sort", this.isDescending ? "descending" : "ascending");
  }

  /* Show the rows whose name or licence has all the words that are typed. */
  narrow() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const {one, element} of this.rows) {
      const text = `${one.name} ${one.license || ""}`.toLowerCase();
      element.hidden = !words.every((word) => text.includes(word));
      if (!element.hidden) shown += 1;
    }
    const all = formatCount(this.rows.length, "package");
    this.count.textContent = words.length ? `${shown} of ${all}` : all;
  }
}

function classOf(column) {
  return [column.isNumber ? "number" : "", column.isWide ? "wide" : ""].join(" ").trim();
}
