/* SPDX-License-Identifier: Apache-2.0 */
/* Totals, targets, and what the whole host counted. */

/* Interfaces of a target that are named. */
const UNDERLAYS_SHOWN = 4;

/* ---- totals ---- */

const TOTALS = [
	{ name: "received", title: "Received", unit: "packets/s", words: rateWords },
	{ name: "delivered", title: "Delivered", unit: "frames/s", words: rateWords },
	{ name: "bits", title: "Delivered", unit: "bits/s", words: bitsWords },
	{ name: "dropped", title: "Dropped", unit: "packets/s", words: rateWords },
	{ name: "ready", title: "Sessions ready" },
	{ name: "unknown", title: "Unknown VNIs" },
];

function sumOf(rows, valueOf) {
	return rows.reduce((sum, row) => sum + valueOf(row), 0);
}

function unknownWords(status, rates) {
	const n = sumOf(status.targets, (target) => target.drops["unknown-vni"] ?? 0);
	const isHidden = status.targets.some((target) => target.hidden.includes("unknown-vni"));
	const rate = rates.of("unknown", n);

	if (n === 0 && isHidden)
		return { value: "?", below: "the kernel does not count them" };
	return { value: countWords(n), below: n === 0 ? "frames" : `frames, ${rateWords(rate)}/s`,
		hint: n === 0 ? "" : "vtapctl unknown" };
}

/* For each total what is written, and what its chart gets. */
function totalsOf(status, rates) {
	const ready = status.sessions.filter((session) => session.state === "ready").length;

	return {
		received: { rate: sumKnown(status.targets, (target) => target.packets_per_second) },
		delivered: { rate: sumKnown(status.sessions, (session) => session.frames_per_second) },
		bits: { rate: sumKnown(status.sessions, (session) => session.bits_per_second) },
		dropped: { rate: sumKnown(status.targets, (target) => target.dropped_per_second) },
		ready: { value: countWords(ready), below: `of ${countWords(status.sessions.length)}` },
		unknown: unknownWords(status, rates),
	};
}

function totalNew(total) {
	const node = element("div", "total");
	const value = element("dd", "value"), more = element("dd");

	value.append(element("span", "figure"), " ", element("span", "below"));
	node.append(element("dt", "", total.title), value);
	more.append(total.unit === undefined ? element("code", "hint") : chartNew(total.name));
	node.append(more);
	return node;
}

const totalRows = new Rows(byId("totals"), (total) => total.name, totalNew, (node, total) => {
	setText(node.querySelector(".figure"), total.value);
	setText(node.querySelector(".below"), total.below);
	if (total.unit === undefined)
		setText(node.querySelector(".hint"), total.hint ?? "");
	else
		chartDraw(node.querySelector(".chart"), total.history, total.name, total.words, total.unit);
});

function showTotals(status, rates, history) {
	const totals = totalsOf(status, rates);

	for (const { name, unit } of TOTALS)
		if (unit !== undefined)
			history.put(name, totals[name].rate);
	totalRows.show(TOTALS.map((total) => {
		const { rate, value = total.words(rate), below = total.unit, hint } = totals[total.name];

		return { ...total, history, value, below, hint };
	}));
}

/* ---- targets ---- */

const TARGET_COLUMNS = [
	{ name: "name", title: "Target" },
	{ name: "port", title: "Port", isNumber: true },
	{ name: "underlay", title: "Underlay" },
	{ name: "path", title: "Path" },
	{ name: "state", title: "State" },
	{ name: "rate", title: "Received/s", isNumber: true },
	{ name: "chart", title: "Last minutes" },
	{ name: "received", title: "Received", isNumber: true },
	{ name: "delivered", title: "Delivered", isNumber: true },
	{ name: "dropped", title: "Dropped", isNumber: true },
];

/* "8,891 unknown-vni (12/s), 11 unknown-source" */
function targetDropsWords(target, rates) {
	return Object.entries(target.drops).map(([verdict, n]) => {
		const rate = rates.of(`drop ${target.name} ${verdict}`, n, 0);

		return `${countWords(n)} ${verdict}${rate > 0 ? ` (${rateWords(rate)}/s)` : ""}`;
	}).join(", ");
}

/* What vtapctl writes below the table about the path, where the kernel does not do it all. */
function fastpathLines(target) {
	const { reason, idle, bypassed_by: bypassedBy, detour } = target.fastpath;
	const isFast = target.path === "fast path";
	const lines = [];

	if (reason !== null)
		lines.push(`${isFast ? "the fast path is not on every underlay" : "the worker carries everything"}: ` +
			stopped(reason));
	if (bypassedBy !== null)
		lines.push(`${bypassedBy} ends the chain before the fast path; the worker ` +
			(isFast ? "carries what comes in there." : "carries everything."));
	if (idle !== null)
		lines.push(`the fast path waits: ${stopped(idle)}`);
	if (detour !== null)
		lines.push(stopped(detour));
	return lines;
}

/* Where the kernel hides losses nothing is shown as 0. */
function kernelLines(target, hasSession) {
	const lines = [];

	if (target.counted_by === "kernel")
		lines.push("counted by the kernel's devices; other VNIs and broken packets vanish uncounted" +
			` (${target.hidden.join(", ")}).`);
	if (target.counted_by === "kernel" && !hasSession)
		lines.push(`no session, so nobody has UDP port ${target.port}: this host answers with ICMP port unreachable.`);
	if (target.switched_off.length > 0)
		lines.push(`vtapd keeps GRO off on ${joinedWords(target.switched_off, UNDERLAYS_SHOWN)}.`);
	if (target.merging !== null && target.merging.length > 0)
		lines.push(`frames may be merged on ${joinedWords(target.merging, UNDERLAYS_SHOWN)}: sensors see some ` +
			"that were never on the wire.");
	if (target.merging_reason !== null)
		lines.push(stopped(target.merging_reason));
	return lines;
}

function targetLines(target, hasSession, rates) {
	const drops = targetDropsWords(target, rates);
	const lines = drops === "" ? [] : [`dropped: ${drops}`];

	if (target.message !== null)
		return [...lines, troubleWords(target)];
	if (target.missing.length > 0)
		lines.push(`waits for ${joinedWords(target.missing, UNDERLAYS_SHOWN)}, which ` +
			`${target.missing.length === 1 ? "is" : "are"} not there.`);
	return [...lines, ...fastpathLines(target), ...kernelLines(target, hasSession)];
}

function targetNew() {
	const body = element("tbody"), row = element("tr"), below = element("tr", "below");
	const cell = element("td");

	for (const { name, isNumber } of TARGET_COLUMNS) {
		const node = element(name === "name" ? "th" : "td", isNumber ? `${name} number` : name);

		if (name === "name") {
			node.scope = "row";
			node.append(element("span"), element("span", "name-below"));
			node.lastElementChild.append(element("span", "badge"), element("span", "where-below"));
		}
		if (name === "chart")
			node.append(chartNew("received"));
		if (name === "state")
			node.append(element("span", "badge"));
		row.append(node);
	}
	cell.colSpan = TARGET_COLUMNS.length;
	cell.append(element("ul", "notes"));
	below.append(cell);
	body.append(row, below);
	return body;
}

function targetFill(body, { target, hasSession, rates, history }) {
	const part = (name) => body.querySelector(`.${name}`);
	const series = `target ${target.name}`;
	const rate = target.packets_per_second;
	const lines = targetLines(target, hasSession, rates);

	const where = joinedWords(target.bound.length > 0 ? target.bound : target.underlay, UNDERLAYS_SHOWN);

	history.put(series, rate);
	setText(part("name").firstElementChild, target.name);
	setText(part("where-below"), `${where}:${target.port}, ${target.path}`);
	setText(part("port"), String(target.port));
	setText(part("underlay"), where);
	setText(part("path"), target.path);
	for (const badge of body.querySelectorAll(".badge"))
		setBadge(badge, target.state);
	setText(part("rate"), rateWords(rate));
	for (const name of ["received", "delivered", "dropped"])
		setText(body.querySelector(`td.${name}`), countWords(target[name]));
	chartDraw(part("chart.received"), history, series, rateWords, "packets/s");
	body.lastElementChild.hidden = lines.length === 0;
	showLines(part("notes"), lines);
}

function targetsHead() {
	const row = byId("targets").querySelector("thead tr");

	for (const { name, title, isNumber } of TARGET_COLUMNS) {
		const cell = element("th", isNumber ? `${name} number` : name, title);

		cell.scope = "col";
		row.append(cell);
	}
}

targetsHead();
const targetRows = new Rows(byId("targets"), ({ target }) => target.name, targetNew, targetFill);

function showTargets(status, rates, history) {
	const withSessions = new Set(status.sessions.map((session) => session.target));

	targetRows.show(status.targets.map((target) =>
		({ target, hasSession: withSessions.has(target.name), rates, history })));
}

/* ---- the host ---- */

const hostRows = new Rows(byId("host"), ({ name }) => name, () => {
	const body = element("tbody"), row = element("tr"), name = element("th", "name");

	name.scope = "row";
	row.append(name, element("td", "total number"), element("td", "rate number"));
	body.append(row);
	return body;
}, (body, { name, total, rate }) => {
	setText(body.querySelector(".name"), name);
	setText(body.querySelector(".total"), countWords(total));
	setText(body.querySelector(".rate"), rateWords(rate));
});

/* Whatever the daemon knows of it, by the names that it has in metrics. */
function showHost({ daemon }, rates) {
	const counters = Object.entries(daemon.host ?? {}).filter(([, total]) => typeof total === "number");

	byId("host-section").hidden = counters.length === 0;
	hostRows.show(counters.map(([name, total]) => ({ name, total, rate: rates.of(`host ${name}`, total) })));
}
