// The copy button of a console block copies the commands, without "$ " and without what they print.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest("[data-clipboard-target]");
    const code = button && document.querySelector(button.dataset.clipboardTarget);
    if (!code || !code.closest(".language-console")) return;
    const commands = [];
    let goesOn = false;
    for (const line of code.textContent.split("\n")) {
      if (goesOn || line.startsWith("$ ")) commands.push(goesOn ? line : line.slice(2));
      goesOn = (goesOn || line.startsWith("$ ")) && line.endsWith("\\");
    }
    button.dataset.clipboardText = commands.join("\n");
  },
  true,
);

// On a phone, each row of a table becomes a list: site.css shows the name of its column before each cell. With two
// columns, the first is the name.
for (const table of document.querySelectorAll(".md-content table")) {
  const names = [...table.querySelectorAll("thead th")].map((one) => one.textContent);
  table.dataset.listed = "";
  for (const cell of names.length > 2 ? table.querySelectorAll("tbody td") : [])
    cell.dataset.column = names[cell.cellIndex];
}
