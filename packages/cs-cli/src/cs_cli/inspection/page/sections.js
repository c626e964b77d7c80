/* The parts of the page that are only read. */

function showFacts() {
  const {facts, platforms} = report;
  define(find("#facts dl"), [
    ["Delegate", name(facts.delegate)],
    ["Layout", facts.layout],
    ["Environment", [name(facts.environment), ` of ${facts.manifest}, locked in ${facts.lock}`]],
    ["Channels", join(facts.channels)],
  ]);
  const [first] = platforms;
  find("#summary").append(platforms.length === 1
    ? `${formatCount(first.packages.length, "package")} for ${first.name}, ${formatTotal(first)} to download.`
    : `Packages for ${formatCount(platforms.length, "platform")}.`);
  find("#verdict").append(...describeVerdict());
}

function describeVerdict() {
  const errors = report.problems.filter((one) => one.severity === "error").length;
  if (!report.can_ship) return [make("b", {class: "error"}, "Cannot ship"), `: ${formatCount(errors, "error")}.`];
  const warnings = report.problems.length - errors;
  const rest = warnings ? `, with ${formatCount(warnings, "warning")}.` : ".";
  if (report.unchecked.length) return [`No error found${rest} Nobody has looked for the delegate in the packages yet.`];
  return [make("b", {class: "good"}, "Ready to ship"), rest];
}

function showPlatforms(select) {
  const rows = report.platforms.map((platform) => {
    const button = make("button", {type: "button"}, name(platform.name));
    button.addEventListener("click", () => select(platform));
    const largest = sortBySize(platform.packages, platform.packages.keys()).slice(0, 4);
    const names = largest.filter((at) => platform.packages[at].size).map((at) => `${platform.packages[at].name} ${formatSize(platform.packages[at])}`);
    return make("tr", {}, make("th", {scope: "row"}, button), make("td", {class: "number"}, String(platform.packages.length)),
      make("td", {class: "number"}, formatTotal(platform)),
      make("td", {class: "number wide file"}, formatMeasured(platform.file)),
      make("td", {class: "number wide installed"}, formatMeasured(platform.installed)), make("td", {class: "wide"}, ...join(names)));
  });
  find("#platforms tbody").append(...rows);
  for (const size of ["file", "installed"]) {
    if (report.platforms.some((one) => one[size])) continue;
    for (const cell of document.querySelectorAll(`#platforms .${size}`)) cell.remove();
  }
  find("#estimates").hidden = !find("#platforms").textContent.includes("~");
  find("#platform").append(...report.platforms.map((platform) => make("option", {value: platform.name}, platform.name)));
}

function showProblems() {
  const items = report.problems.map((one) => make("li", {class: one.severity},
    make("b", {}, `${one.severity}: `), name(one.message),
    ...(one.platforms.length ? [" ", make("small", {}, "on ", ...join(one.platforms))] : []),
    ...(one.hint ? [make("p", {}, "Hint: ", name(one.hint))] : [])));
  find("#problems ul").append(...items);
  find("#problems").hidden = !items.length;
}

function showExclusions(platform) {
  const parts = platform.exclusions.flatMap((one) => [make("h3", {}, name(one.name)), ...describeExclusion(one)]);
  find("#exclusions .content").replaceChildren(...(parts.length ? parts : [make("p", {}, "Nothing is excluded.")]));
}

function describeExclusion({removed, kept, broken, name: excluded}) {
  const lost = broken.map((one) => make("p", {class: "warning"}, make("b", {}, "warning: "), name(one.package), ` needs ${one.dependency}, which is excluded.`));
  const stays = kept.map((one) => make("li", {}, name(one.name), ": ", ...describeKeepers(one)));
  return [
    ...lost,
    removed.length
      ? fold(`${formatCount(removed.length, "package")} that only it needed left too`, make("p", {}, ...join(removed)))
      : make("p", {}, `Only ${excluded} itself left.`),
    ...(stays.length ? [fold(`${formatCount(stays.length, "package")} that it needs stay${stays.length === 1 ? "s" : ""}`, make("ul", {}, ...stays))] : []),
  ];
}

function describeKeepers({is_requested: isRequested, users}) {
  const reasons = isRequested ? ["the workspace asks for it"] : [];
  if (!users.length) return reasons;
  const few = users.slice(0, SHOWN);
  const more = users.length > SHOWN ? [` and ${users.length - SHOWN} more`] : [];
  return [...reasons, isRequested ? "; " : "", "needed by ", ...join(few), ...more];
}

function showLicenses(platform) {
  const rows = platform.licenses.map((one) => make("tr", one.is_denied ? {class: "error"} : {},
    make("th", {scope: "row"}, name(one.label), ...(one.is_denied ? [" ", make("b", {}, "denied")] : [])),
    make("td", {class: "number"}, String(one.packages.length)),
    make("td", {}, ...(one.packages.length > SHOWN
      ? [fold(one.packages.slice(0, 3).join(", ") + ", …", make("p", {}, ...join(one.packages)))]
      : join(one.packages)))));
  find("#licenses tbody").replaceChildren(...rows);
}

function showLegend(platform) {
  const kinds = Object.keys(KINDS).filter((kind) => platform.packages.some((one) => one.kind === kind && one.size));
  find(".legend").replaceChildren(...kinds.map((kind) => make("li", {}, make("span", {class: `swatch ${kind}`}), KINDS[kind])));
}

function showNavigation() {
  const links = [...document.querySelectorAll("main > section:not([hidden])")].map((section) =>
    make("li", {}, make("a", {href: `#${section.id}`}, section.querySelector("h2").textContent)));
  find("#sections").append(make("ul", {}, ...links));
}
