/* SPDX-License-Identifier: Apache-2.0 */
/* Is all well? In the words of `vtapctl status`, and as shape, title and icon. */

/* Shapes of 16 by 16, so that no state is told by its colour alone. */
const MARKS = {
	asking: "M8 1.5A6.5 6.5 0 1 0 8 14.5A6.5 6.5 0 1 0 8 1.5ZM8 4A4 4 0 1 1 8 12A4 4 0 1 1 8 4Z",
	healthy: "M8 1A7 7 0 1 0 8 15A7 7 0 1 0 8 1ZM7 11.2L3.9 8.1L5.2 6.8L7 8.6L10.8 4.8L12.1 6.1Z",
	degraded: "M8 1L15.5 14.5H.5ZM7.2 5.5V10H8.8V5.5ZM7.2 11.2V12.8H8.8V11.2Z",
	unhealthy: "M5 1H11L15 5V11L11 15H5L1 11V5ZM5.5 4.4L4.4 5.5L6.9 8L4.4 10.5L5.5 11.6L8 9.1" +
		"L10.5 11.6L11.6 10.5L9.1 8L11.6 5.5L10.5 4.4L8 6.9Z",
	draining: "M8 1A7 7 0 1 0 8 15A7 7 0 1 0 8 1ZM8 3A5 5 0 0 1 8 13Z",
	away: "M1 6.5H15V9.5H1Z",
};
const MARK_COLORS = {
	asking: "#6b7684", healthy: "#1a7f4b", degraded: "#b7791f", unhealthy: "#c6323a", draining: "#2f6fd0",
	away: "#6b7684",
};

/* How many of a list are not ready, and the word for it. */
function shortfallOf(rows) {
	const lacking = rows.filter((row) => row.state !== "ready");
	const states = new Set(lacking.map((row) => row.state));

	return { n: rows.length, lacking, state: states.size === 1 ? lacking[0].state : "not ready" };
}

/* Troubles of the whole daemon that the headline names; the findings have all of them */
const TROUBLES_SHOWN = 2;

/* "target default is waiting, 1 of 4 sessions is waiting, eth0 is down", or "" when all is well */
function shortfallWords(status) {
	const targets = shortfallOf(status.targets), sessions = shortfallOf(status.sessions);
	const troubles = status.degraded_by.map((trouble) => trouble.words);
	const words = [];

	if (targets.lacking.length === 1)
		words.push(`target ${targets.lacking[0].name} is ${targets.state}`);
	else if (targets.lacking.length > 1)
		words.push(`${targets.lacking.length} of ${countedWords(targets.n, "target")} are ${targets.state}`);
	if (sessions.lacking.length > 0)
		words.push(`${countWords(sessions.lacking.length)} of ${countedWords(sessions.n, "session")} ` +
			`${sessions.lacking.length === 1 ? "is" : "are"} ${sessions.state}`);
	if (troubles.length > 0)
		words.push(joinedWords(troubles, TROUBLES_SHOWN));
	return words.join(", ");
}

/* { word, text }: "degraded" and "healthy, degraded: 1 of 4 sessions is waiting" */
function headlineOf(status) {
	const { state, drain } = status.daemon;
	const words = shortfallWords(status);

	if (drain !== null)
		return { word: "draining", text: `draining since ${clockWords(timeOf(drain.since))}` +
			(drain.reason === null ? "" : ` (${drain.reason})`) };
	if (state === "healthy")
		return words === "" ? { word: "healthy", text: "healthy" }
			: { word: "degraded", text: `healthy, degraded: ${words}` };
	if (words !== "")
		return { word: state, text: `${state}: ${words}` };
	return { word: state, text: status.sessions.length === 0 ? `${state}: no session is configured` : state };
}

/* ", counting since Nov 18 08:00:00", where that is another time than the start */
function countingWords(daemon) {
	if (daemon.counting_since === null)
		return ", counting since before vtapd started";
	const since = timeOf(daemon.counting_since);
	return Math.abs(since - timeOf(daemon.started)) < 1000 ? "" : `, counting since ${dateWords(since)}`;
}

/* "Up 6 d 4 h, configuration of Nov 20 09:14:03." */
function aboutWords({ daemon }) {
	const configured = daemon.configured === null ? ""
		: `, configuration of ${dateWords(timeOf(daemon.configured))}`;

	return `Up ${durationWords(daemon.uptime_ns)}${countingWords(daemon)}${configured}.`;
}

function refusedWords(daemon) {
	const usual = daemon.config === "/etc/vtapd/vtapd.conf";

	return `The files on disk were refused at ${clockWords(timeOf(daemon.refused.at))} ` +
		`(${countedWords(daemon.refused.mistakes, "mistake")}): vtapd ${usual ? "" : `-c ${daemon.config} `}--check`;
}

/* The balancer follows when health has lasted: until then it sees the opposite. */
function checksLines({ state, checks, checks_follow_in_ns: followInNs = null }) {
	const next = `${state} ${checks}` === "healthy refused" ? "answered"
		: `${state} ${checks}` === "unhealthy answered" ? "refused" : null;

	if (next === null)
		return [];
	return [`Health checks are still ${checks}` + (followInNs === null ? "."
		: `; ${next} in ${durationWords(followInNs)} if it stays ${state}.`)];
}

/* What vtapctl writes below its first line. */
function noteLines(status) {
	const { daemon } = status;
	const lines = [];

	if (daemon.drain !== null) {
		const words = shortfallWords(status);

		lines.push(`${rateWords(daemon.drain.frames_per_second)} frames/s still arrive.` +
			(words === "" ? "" : ` ${words}.`));
	}
	lines.push(...checksLines(daemon));
	if (daemon.refused !== null)
		lines.push(refusedWords(daemon));
	if (daemon.guard !== "on")
		lines.push(stopped(`guard ${daemon.guard}${daemon.guard_reason === null ? ""
			: `: ${daemon.guard_reason}`}`));
	return lines;
}

/* On this host through a tunnel, or the address of another one. */
function placeWords(version) {
	const isLocal = /^(127\.|localhost$|\[::1\]$)/.test(location.hostname);

	return `vtapd${version === "" ? "" : ` ${version}`}${isLocal ? "" : ` on ${location.host}`}`;
}

function iconOf(word) {
	const svg = `<svg xmlns="${SVG}" viewBox="0 0 16 16"><path fill="${MARK_COLORS[word]}" ` +
		`fill-rule="evenodd" d="${MARKS[word]}"/></svg>`;

	return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/* The state: mark, headline, title and icon say the same. */
function showState(word, text, title = word) {
	const state = byId("state");

	setText(byId("headline"), text);
	document.title = `${title} · ${placeWords("")}`;
	if (state.dataset.state === word)
		return;
	state.dataset.state = word;
	byId("mark").setAttribute("d", MARKS[word]);
	byId("icon").href = iconOf(word);
}

function showHeadline(status) {
	const { word, text } = headlineOf(status);

	showState(word, text);
	setText(byId("place"), placeWords(status.daemon.version));
	setText(byId("about"), aboutWords(status));
	byId("about").hidden = false;
	showLines(byId("notes"), noteLines(status));
}
