/* Why a package is here, and what it brings. */

function showDetails(platform, at) {
  const packages = platform.packages;
  const one = packages[at];
  const title = find("#details-title");
  title.replaceChildren(name(one.name));
  const list = make("dl");
  define(list, [
    ["Version", one.version && name(one.version)],
    ["Build", one.build && name(one.build)],
    ["Kind", KINDS[one.kind]],
    ["Download", `${formatSize(one)}${one.size ? `, ${formatShare(one.size, platform.size)} of all` : ""}`],
    ["Licence", one.license ? name(one.license) : "none stated"],
  ]);
  const parts = [list, ...explain(platform, at), ...describeOwned(platform, at), ...describeNeeds(platform, at)];
  find("#details .content").replaceChildren(...parts);
}

function explain(platform, at) {
  const one = platform.packages[at];
  const heading = make("h4", {}, "Why it is here");
  if (one.is_requested) return [heading, make("p", {}, "The workspace asks for it."), ...describeUsers(platform, at)];
  if (!one.users.length) return [heading, make("p", {}, "No package needs it.")];
  const chain = findChain(platform.packages, at);
  const steps = chain.map((step, place) => {
    const reason = place ? "" : platform.packages[step].is_requested ? " (the workspace asks for it)" : "";
    return make("li", {}, place === chain.length - 1 ? make("b", {}, name(one.name)) : linkTo(platform, step), reason);
  });
  return [heading, make("ol", {class: "chain"}, ...steps), ...describeUsers(platform, at)];
}

function describeUsers(platform, at) {
  const users = platform.packages[at].users;
  if (!users.length) return [];
  return [fold(`${formatCount(users.length, "package")} need${users.length === 1 ? "s" : ""} it directly`, listLinks(platform, users))];
}

function describeOwned(platform, at) {
  const owned = listOwned(platform.packages, at);
  const heading = make("h4", {}, "What only it needs");
  if (!owned.length) return [heading, make("p", {}, "Nothing: without it, every other package would stay.")];
  const total = formatBytes(platform.packages[at].total);
  const text = `Without it, ${formatCount(owned.length, "other package")} would go too: ${total} together.`;
  return [heading, make("p", {}, text), listSizes(platform, owned)];
}

function describeNeeds(platform, at) {
  const needs = platform.packages[at].needs;
  return needs.length ? [fold(`It needs ${formatCount(needs.length, "package")}`, listLinks(platform, needs))] : [];
}

function listLinks(platform, places) {
  return make("ul", {class: "names"}, ...places.map((place) => make("li", {}, linkTo(platform, place))));
}

const SHOWN = 8;

/* List packages with their sizes, the small ones folded. */
function listSizes(platform, places) {
  const items = places.map((place) => make("li", {}, linkTo(platform, place), ` ${formatSize(platform.packages[place])}`));
  const list = make("ul", {class: "names"}, ...items.slice(0, SHOWN));
  if (items.length <= SHOWN) return list;
  const more = fold(`${items.length - SHOWN} more`, make("ul", {class: "names"}, ...items.slice(SHOWN)));
  return make("div", {}, list, more);
}
