"use strict";

/* What the page is about: the packages of each platform, which of them needs which, and who brings what. */

const report = JSON.parse(document.getElementById("data").textContent);

const KINDS = {
  conda: "conda, for this platform",
  noarch: "conda, for all platforms",
  pypi: "PyPI",
  source: "not built yet",
};

/* Add to a platform what follows from its packages. */
function complete(platform) {
  const packages = platform.packages;
  for (const one of packages) Object.assign(one, {needs: one.needs || [], users: [], owned: [], size: one.size_bytes || 0});
  packages.forEach((one, at) => {
    for (const needed of one.needs) packages[needed].users.push(at);
    if (one.owner !== undefined) packages[one.owner].owned.push(at);
  });
  addTotals(packages);
  platform.size = packages.reduce((sum, one) => sum + one.size, 0);
  platform.unsized = packages.filter((one) => one.size_bytes === undefined).length;
  platform.places = new Map(packages.map((one, at) => [one.key, at]));
  return platform;
}

/* Add to each package the size of everything that only it brings, itself included. */
function addTotals(packages) {
  const order = packages.flatMap((one, at) => (one.owner === undefined ? [at] : []));
  for (const at of order) order.push(...packages[at].owned);
  for (const one of packages) one.total = one.size;
  for (const at of order.reverse()) {
    const owner = packages[at].owner;
    if (owner !== undefined) packages[owner].total += packages[at].total;
  }
}

/* List everything that only one package brings, the largest first. */
function listOwned(packages, at) {
  const found = [...packages[at].owned];
  for (const one of found) found.push(...packages[one].owned);
  return sortBySize(packages, found);
}

function sortBySize(packages, places) {
  return [...places].sort((a, b) => packages[b].size - packages[a].size || a - b);
}

/* Find the shortest way from a package that the workspace asks for; one that nothing needs stands for itself. */
function findChain(packages, at) {
  const following = new Map([[at, null]]);
  const ahead = [at];
  for (const one of ahead) {
    if (packages[one].is_requested || packages[one].users.length === 0) return follow(following, one);
    for (const user of packages[one].users) {
      if (following.has(user)) continue;
      following.set(user, one);
      ahead.push(user);
    }
  }
  return [at];
}

function follow(following, at) {
  const chain = [];
  for (let one = at; one !== null; one = following.get(one)) chain.push(one);
  return chain;
}

/* Write a number of bytes as cs does. */
function formatBytes(count) {
  if (count < 1000) return `${count}\u00a0B`;
  let value = count / 1000;
  let unit = "kB";
  for (const larger of ["MB", "GB"]) {
    if (value >= 999.95) {
      value /= 1000;
      unit = larger;
    }
  }
  return `${value.toFixed(1)}\u00a0${unit}`;
}

function formatSize(one) {
  return one.size_bytes === undefined ? "unknown" : formatBytes(one.size_bytes);
}

function formatTotal(platform) {
  const size = formatBytes(platform.size);
  if (!platform.unsized) return size;
  return platform.size ? `over ${size}` : "unknown";
}

function formatMeasured(size) {
  return size ? `${size.basis === "estimated" ? "~" : ""}${formatBytes(size.size_bytes)}` : "unknown";
}

function formatCount(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function formatShare(size, whole) {
  const share = whole ? (100 * size) / whole : 0;
  return share > 0 && share < 0.1 ? "under 0.1%" : `${share.toFixed(1)}%`;
}
