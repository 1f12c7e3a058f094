/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of sessions. How it works: an answer may have thousands of them. All are sorted and
 * filtered, but only the first `limit` have elements, which are kept from answer to answer (Rows);
 * so the cost of an answer hardly depends on how many there are. While the pointer rests on the
 * table an answer does not change the order, so that nothing jumps away below it.
 */

/* Rows shown at first, and how many more each time. */
const ROWS_STEP = 100;

/* VNIs of a session, and different sensors, that its row names. */
const VNIS_SHOWN = 4;
const SENSORS_SHOWN = 3;

const CHOICES = [
	{ name: "all", title: "all sessions", has: () => true },
	{ name: "not-ready", title: "not ready", has: (session) => session.state !== "ready" },
	{ name: "dropping", title: "with drops", has: (session) => session.dropped > 0 },
	{ name: "quiet", title: "without frames now", has: (session) => session.frames_per_second === 0 },
	{ name: "unread", title: "without a sensor", has: (session) => session.sensors === 0 },
];

function rangeOf(vni) {
	const [first, last = first] = vni.split("-").map(Number);

	return { first, last }; /* NaN for "any" */
}

function firstVni({ vni }) {
	const { first } = rangeOf(vni[0]);

	return Number.isNaN(first) ? Infinity : first;
}

/* Rates and drops: "-" for a session that is not ready and never had a packet. */
function hasTraffic(session) {
	return session.state === "ready" || session.received > 0;
}

function lastWords(session) {
	if (session.last_frame_age_ns === null)
		return session.delivered > 0 ? "-" : "never";
	return ageWords(session.last_frame_age_ns);
}

/* "8 suricata", "8", "-" */
function sensorsWords(session) {
	const names = session.sensor_names ?? [];

	if (session.sensors === 0)
		return "-";
	return countWords(session.sensors) + (names.length > 0 ? `\u00a0${joinedWords(names, SENSORS_SHOWN)}` : "");
}

/* keyOf: what is sorted by; isFalling: the first click shows the highest first */
const SESSION_COLUMNS = [
	{ name: "name", title: "Session", keyOf: (session) => session.name },
	{ name: "vni", title: "VNI", keyOf: firstVni, words: ({ vni }) => joinedWords(vni, VNIS_SHOWN) },
	{ name: "interface", title: "Interface", keyOf: (session) => session.interface,
		words: (session) => session.interface },
	{ name: "state", title: "State", keyOf: (session) => (session.state === "ready" ? 1 : 0) },
	{ name: "frames", title: "Frames/s", isNumber: true, isFalling: true,
		keyOf: (session) => session.frames_per_second || 0, /* also while it is not known */
		words: (session) => (hasTraffic(session) ? rateWords(session.frames_per_second) : "-") },
	{ name: "chart", title: "Last minutes" },
	{ name: "bits", title: "Bits/s", isNumber: true, isFalling: true,
		keyOf: (session) => session.bits_per_second || 0,
		words: (session) => (hasTraffic(session) ? bitsWords(session.bits_per_second) : "-") },
	{ name: "dropped", title: "Dropped", isNumber: true, isFalling: true, keyOf: (session) => session.dropped,
		words: (session) => (hasTraffic(session) ? countWords(session.dropped) : "-") },
	{ name: "last", title: "Last", keyOf: (session) => session.last_frame_age_ns ?? Infinity, words: lastWords },
	{ name: "sensors", title: "Sensors", isFalling: true, keyOf: (session) => session.sensors,
		words: sensorsWords },
];

/* ---- which, and in which order ---- */

const view = {
	sessions: [],
	targetTroubles: new Map(), /* messages of targets that are not ready */
	order: new Map(), /* of the names when the order was last made */
	column: SESSION_COLUMNS.find(({ name }) => name === "state"), /* whoever is not ready comes first */
	isFalling: false,
	choice: CHOICES[0],
	words: [],
	limit: ROWS_STEP,
	opened: new Set(),
	isPointedAt: false,
};

function compareKeys(a, b) {
	return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a === b ? 0 : a < b ? -1 : 1;
}

/* As the configuration has them where keys are the same. */
function sessionsSorted(sessions) {
	const { keyOf } = view.column;
	const sign = view.isFalling ? -1 : 1;

	return sessions.map((session) => ({ session, key: keyOf(session) }))
		.sort((a, b) => sign * compareKeys(a.key, b.key)).map(({ session }) => session);
}

/* As they stood before; new ones come last. */
function sessionsResting(sessions) {
	const at = ({ name }) => view.order.get(name) ?? Infinity;

	return sessions.map((session) => ({ session, at: at(session) }))
		.sort((a, b) => compareKeys(a.at, b.at)).map(({ session }) => session);
}

/* Is a word of the filter somewhere in a session? A number is also the VNI of a range that has it. */
function sessionHas(session, word) {
	const number = /^\d+$/.test(word) ? Number(word) : NaN;
	const texts = [session.name, session.description ?? "", session.interface, session.state, session.target,
		...session.vni, ...session.source, ...(session.sensor_names ?? [])];

	return texts.some((text) => text.toLowerCase().includes(word)) ||
		session.vni.map(rangeOf).some(({ first, last }) => first <= number && number <= last);
}

function sessionsChosen() {
	return view.sessions.filter((session) =>
		view.choice.has(session) && view.words.every((word) => sessionHas(session, word)));
}

/* "2 of 4,000 sessions", "4,000 sessions, the first 100 are shown" */
function chosenWords(n) {
	const all = countedWords(view.sessions.length, "session");

	return (n === view.sessions.length ? all : `${countWords(n)} of ${all}`) +
		(n > view.limit ? `, the first ${countWords(view.limit)} are shown` : "");
}

/* ---- what is known of one ---- */

function sourceWords({ source }) {
	return source.length === 0 ? "any" : source.join(", ");
}

/* "812 of 900 TCP flows of the last sample show one direction only" */
function oneWayWords({ one_way: oneWay }) {
	if (!oneWay)
		return ""; /* no sample, or a daemon that takes none */
	return `${countWords(oneWay.one_way_flows)} of ${countedWords(oneWay.flows, "TCP flow")} of the last sample ` +
		"show one direction only";
}

function lastFrameWords(session) {
	return session.last_frame === null ? lastWords(session) : dateWords(timeOf(session.last_frame));
}

function kernelWords({ kernel }) {
	return kernel === null ? "" : ["rx_packets", "rx_bytes", "rx_errors", "rx_dropped"]
		.map((key) => `${key} ${countWords(kernel[key])}`).join(", ") +
		(kernel.guarded ? "" : " (also rises for frames that sensors did get)");
}

function deviceWords({ family, kernel, reserved_bits: reservedBits }) {
	return kernel === null ? "" : `vxlan, ${family}, ` +
		(reservedBits === "ignored" ? "reserved bits are ignored" : "packets with reserved bits are dropped");
}

/* Labels are those of `vtapctl show`; what is "" is left out. */
function detailsOf(session) {
	const drops = dropsWords(session.drops);

	return [
		["description", session.description ?? ""],
		["target", session.target],
		["vni", session.vni.join(", ")],
		["source", sourceWords(session)],
		["interface", `${session.interface}${session.ifindex > 0 ? `, index ${session.ifindex}` : ""}, ` +
			`mtu ${session.mtu}`],
		["device", deviceWords(session)],
		["required", session.required ? "yes" : "no"],
		["now", hasTraffic(session) ? `${rateWords(session.frames_per_second)} frames/s, ` +
			`${bitsWords(session.bits_per_second)} bits/s` : ""],
		["received", countWords(session.received)],
		["delivered", countWords(session.delivered)],
		["dropped", countWords(session.dropped) + (drops === "" ? "" : `: ${drops}`)],
		["bytes", countWords(session.bytes)],
		["average size", session.delivered > 0 ? `${countWords(session.bytes / session.delivered)} B` : ""],
		["truncated", session.truncated === null ? "" : countWords(session.truncated)],
		["directions", oneWayWords(session)],
		["kernel", kernelWords(session)],
		["last frame", lastFrameWords(session)],
		["sensors", sensorsWords(session)],
		["repairs", countWords(session.repairs)],
	].filter(([, text]) => text !== "");
}

function detailNew([label]) {
	const node = element("div");

	node.append(element("dt", "", label), element("dd"));
	return node;
}

function handleOpen(event) {
	const { name } = event.currentTarget.closest("tbody").dataset;

	if (!view.opened.delete(name))
		view.opened.add(name);
	showRows(false);
}

/* ---- rows ---- */

function sessionCellNew({ name, isNumber }) {
	const cell = element(name === "name" ? "th" : "td", isNumber ? `${name} number` : name);

	if (name === "name") {
		cell.scope = "row";
		cell.append(button("open", "", handleOpen), element("span", "name-below"));
		cell.lastElementChild.append(element("span", "badge"), element("span", "vni-below"));
	} else if (name === "state") {
		cell.append(element("span", "badge"));
	} else if (name === "chart") {
		cell.append(chartNew("delivered"));
	}
	return cell;
}

function sessionNew({ name }) {
	const body = element("tbody"), row = element("tr"), below = element("tr", "below");
	const cell = element("td"), details = element("dl", "details");

	body.dataset.name = name;
	row.append(...SESSION_COLUMNS.map(sessionCellNew));
	cell.colSpan = SESSION_COLUMNS.length;
	cell.append(element("p", "trouble"), details);
	below.append(cell);
	body.append(row, below);
	body.details = new Rows(details, ([label]) => label, detailNew, (node, [, text]) =>
		setText(node.lastChild, text));
	return body;
}

/* The trouble of its target stands there and is only pointed at. */
function sessionTroubleWords(session) {
	if (session.message !== null && session.message === view.targetTroubles.get(session.target))
		return `waits for target ${session.target}.`;
	return troubleWords(session);
}

/* What stands below a row: why it is not ready, and when it is opened all that is known. */
function belowFill(body, session) {
	const below = body.lastElementChild;
	const trouble = sessionTroubleWords(session);
	const isOpen = view.opened.has(session.name);

	below.hidden = trouble === "" && !isOpen;
	below.querySelector(".trouble").hidden = trouble === "";
	setText(below.querySelector(".trouble"), trouble);
	below.querySelector(".details").hidden = !isOpen;
	if (isOpen)
		body.details.show(detailsOf(session));
	body.querySelector(".open").setAttribute("aria-expanded", String(isOpen));
}

function sessionFill(body, session) {
	const cells = body.firstElementChild.children;

	SESSION_COLUMNS.forEach(({ words }, i) => {
		if (words !== undefined)
			setText(cells[i], words(session));
	});
	setText(body.querySelector(".open"), session.name);
	setText(body.querySelector(".vni-below"), joinedWords(session.vni, VNIS_SHOWN));
	for (const badge of body.firstElementChild.querySelectorAll(".badge"))
		setBadge(badge, session.state);
	chartDraw(body.querySelector("svg"), view.history, `session ${session.name}`, rateWords, "frames/s");
	belowFill(body, session);
}

const sessionRows = new Rows(byId("sessions"), (session) => session.name, sessionNew, sessionFill);

/* isResting: in the order that they have */
function showRows(isResting) {
	const chosen = sessionsChosen();
	const sorted = isResting ? sessionsResting(chosen) : sessionsSorted(chosen);
	const more = byId("more");

	if (!isResting)
		view.order = new Map(sorted.map(({ name }, i) => [name, i]));
	sessionRows.show(sorted.slice(0, view.limit));
	setText(byId("sessions-count"), chosenWords(sorted.length));
	more.hidden = sorted.length <= view.limit;
	setText(more, `Show ${countWords(Math.min(ROWS_STEP, sorted.length - view.limit))} more`);
}

function showSessions(status, history) {
	view.sessions = status.sessions;
	view.targetTroubles = new Map(status.targets.map(({ name, message }) => [name, message]));
	view.history = history;
	for (const session of status.sessions)
		history.put(`session ${session.name}`, hasTraffic(session) ? session.frames_per_second : NaN);
	showRows(view.isPointedAt);
}

/* ---- sort and filter ---- */

function showSort() {
	for (const cell of byId("sessions").querySelectorAll("thead th")) {
		if (cell.dataset.name === view.column.name)
			cell.setAttribute("aria-sort", view.isFalling ? "descending" : "ascending");
		else
			cell.removeAttribute("aria-sort");
	}
}

function sortBy(column) {
	view.isFalling = view.column === column ? !view.isFalling : Boolean(column.isFalling);
	view.column = column;
	showSort();
	showRows(false);
}

function sessionHeadNew(column) {
	const cell = element("th", column.isNumber ? `${column.name} number` : column.name);

	cell.scope = "col";
	cell.dataset.name = column.name;
	if (column.keyOf === undefined)
		cell.textContent = column.title;
	else
		cell.append(button("sort", column.title, () => sortBy(column)));
	return cell;
}

function filterBy(text) {
	view.words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
	view.limit = ROWS_STEP;
	showRows(false);
}

function choose(name) {
	view.choice = CHOICES.find((choice) => choice.name === name);
	view.limit = ROWS_STEP;
	showRows(false);
}

byId("sessions").querySelector("thead tr").append(...SESSION_COLUMNS.map(sessionHeadNew));
showSort();
byId("sessions").addEventListener("pointerenter", (event) => {
	view.isPointedAt = event.pointerType !== "touch"; /* a finger does not rest */
});
byId("sessions").addEventListener("pointerleave", () => {
	view.isPointedAt = false;
});
byId("choice").append(...CHOICES.map(({ name, title }) => new Option(title, name)));
byId("choice").addEventListener("change", (event) => choose(event.target.value));
byId("filter").addEventListener("input", (event) => filterBy(event.target.value));
byId("more").addEventListener("click", () => {
	view.limit += ROWS_STEP;
	showRows(false);
});
