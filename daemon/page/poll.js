/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking again and again. Seldom while nobody looks; ever more seldom while there is no answer; and
 * the more seldom the longer answers take, which thousands of sessions do and slow lines. A single
 * slow one must not make a page that looks asleep: therefore the limit.
 */

const PERIOD_MS = 2000;
const FIRST_PERIOD_MS = 1000; /* rates need a second answer */
const HIDDEN_PERIOD_MS = 30000;
const AWAY_PERIOD_MAX_MS = 30000;
const PERIOD_MAX_MS = 10000;
const ANSWER_SHARE = 20; /* of the time an answer takes at most this part */
const TIMEOUT_MS = 15000; /* a vtapd that hangs says so after 10 s: daemon/public.c */

/* Asked for so long without an answer: what is shown is not the case any more for certain. Together with PERIOD_MS
 * it is no longer than an answer is "now". */
const LATE_MS = 3000;

/* Of the answers that this page understands: VTAP_JSON_VERSION. */
const JSON_VERSION = 1;

const lastMinutes = new History();
const rates = new Rates();
const polling = {
	timer: 0,
	isAsking: false,
	isLate: false,    /* the answer that is asked for */
	askedAt: 0,       /* by performance.now() */
	isPaused: false,
	n: 0,             /* answers so far */
	failures: 0,      /* on end */
	trouble: "",      /* what the last answer said, if it could not be used */
	nextAt: 0,
	answeredAt: null, /* the last one that could be used */
};

/* An answer of the daemon, also one that says "unhealthy" (503). */
async function ask(path) {
	const answer = await fetch(path, { cache: "no-store", credentials: "omit",
		signal: AbortSignal.timeout(TIMEOUT_MS) });
	const body = await answer.json();

	if (body.error !== undefined)
		throw new RangeError(body.error);
	if (body.version !== JSON_VERSION)
		throw new RangeError(`it is of version ${body.version}, this page knows ${JSON_VERSION}; load it again`);
	return body;
}

function showAnswers(answer, health) {
	clock.offsetS = answer.daemon.utc_offset_s ?? null; /* not of an older daemon */
	rates.step(answer.daemon);
	const status = ratedOf(answer, rates);
	const names = new Set([...TOTALS.map(({ name }) => name),
		...status.targets.map(({ name }) => `target ${name}`),
		...status.sessions.map(({ name }) => `session ${name}`)]);

	lastMinutes.step(Date.now());
	lastMinutes.keep(names);
	showHeadline(status);
	showFindings(health);
	showTotals(status, rates, lastMinutes);
	showTargets(status, rates, lastMinutes);
	showSessions(status, lastMinutes);
	showHost(status, rates);
	byId("main").hidden = false;
	byId("main").classList.remove("old");
	byId("outdated").hidden = status.daemon.version === document.documentElement.dataset.version;
	setText(byId("outdated").firstElementChild, `vtapd is ${status.daemon.version} now, this page is older.`);
}

/* ---- no answer ---- */

function awayWords() {
	const since = polling.answeredAt === null ? "" : ` since ${clockWords(polling.answeredAt)}`;
	const wait = Math.max(0, Math.ceil((polling.nextAt - Date.now()) / 1000));
	const shown = polling.answeredAt === null ? "" : " What is shown is from then.";
	const next = `Next try in ${wait} s.`;

	if (polling.trouble !== "")
		return `What vtapd answers${since} cannot be used: ${stopped(polling.trouble)}${shown} ${next}`;
	return `vtapd does not answer${since}: it is stopped, or the way to it is cut.${shown} ${next} ` +
		"To start it: sudo systemctl start vtapd";
}

/* "no answer since 10:07:31" */
function showNoAnswer() {
	const since = polling.answeredAt === null ? "" : ` since ${clockWords(polling.answeredAt)}`;

	showState("away", `no answer${since}`, "no answer");
	byId("main").classList.add("old"); /* what it shows is of then */
}

function showAway() {
	showNoAnswer();
	showLines(byId("notes"), []); /* they are of then, and read as of now; likewise "Up 6 d" */
	byId("about").hidden = true;
	lastMinutes.step(Date.now());
}

/* ---- time ---- */

function periodMs(tookMs) {
	if (polling.failures > 0)
		return Math.min(AWAY_PERIOD_MAX_MS, PERIOD_MS * 2 ** (polling.failures - 1));
	if (document.hidden)
		return HIDDEN_PERIOD_MS;
	return Math.min(PERIOD_MAX_MS,
		Math.max(polling.n === 1 ? FIRST_PERIOD_MS : PERIOD_MS, tookMs * ANSWER_SHARE));
}

function schedule(ms) {
	clearTimeout(polling.timer);
	polling.nextAt = Date.now() + ms;
	if (!polling.isPaused)
		polling.timer = setTimeout(poll, ms);
}

/* [status, health], or null */
async function askBoth() {
	try {
		return await Promise.all([ask("/v1/status"), ask("/healthz")]);
	} catch (error) { /* of other troubles a browser tells no page why */
		polling.trouble = error instanceof RangeError ? error.message : "";
		return null;
	}
}

function showOutcome(answers) {
	byId("away").hidden = answers !== null;
	if (answers === null) {
		polling.failures++;
		showAway();
		return;
	}
	polling.n++;
	polling.answeredAt = new Date();
	if (polling.failures > 0 || polling.isLate || !rates.has(answers[0].daemon))
		showAnswers(...answers);
	polling.failures = 0;
}

async function poll() {
	const begin = performance.now();

	if (polling.isAsking)
		return;
	polling.isAsking = true;
	polling.askedAt = begin;
	try {
		showOutcome(await askBoth());
	} finally {
		polling.isAsking = polling.isLate = false;
		schedule(periodMs(performance.now() - begin));
		showPolling();
	}
}

/* While an answer may still come, only the state says that there is none. */
function watchAsking() {
	if (!polling.isAsking || polling.isLate || performance.now() - polling.askedAt < LATE_MS)
		return;
	polling.isLate = true;
	showNoAnswer();
}

/* "as of 10:07:31 UTC": who stopped the page an hour ago is told so, also by the tab */
function asOfWords() {
	if (polling.answeredAt === null)
		return "";
	return `${polling.isPaused ? "paused, " : ""}as of ${hourWords(polling.answeredAt)}${zoneWords()}`;
}

/* When that was what is shown, and what is said while there is no answer */
function showPolling() {
	watchAsking();
	setText(byId("as-of"), asOfWords());
	document.title = document.title.replace(/^(paused: )?/, polling.isPaused ? "paused: " : "");
	byId("pause").hidden = false;
	setText(byId("pause"), polling.isPaused ? "Go on" : "Pause");
	if (polling.failures > 0)
		setText(byId("away"), awayWords());
}

byId("pause").addEventListener("click", () => {
	polling.isPaused = !polling.isPaused;
	if (polling.isPaused)
		clearTimeout(polling.timer);
	else
		poll();
	showPolling();
});
byId("outdated").lastElementChild.addEventListener("click", () => location.reload());
document.addEventListener("visibilitychange", () => {
	if (!document.hidden && !polling.isPaused)
		poll();
});
setInterval(showPolling, 1000);
showState("asking", "asking vtapd");
poll();
