/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times as vtapctl writes them: lib/report/text_words.c has the same words in C. */

const NS_PER_S = 1e9;
const S_PER_MIN = 60, S_PER_HOUR = 3600, S_PER_DAY = 86400;

/* What is younger than this is "now": rates and ages are sampled about once a second. */
const NOW_S = 5;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/* "18,204,113,870" */
function countWords(n) {
	return grouped.format(n);
}

/* "1 session", "2 sessions" */
function countedWords(n, noun) {
	return `${countWords(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/* "212,418", "<1", "0"; "–" where nothing is known yet */
function rateWords(perSecond) {
	if (!Number.isFinite(perSecond))
		return "–";
	return perSecond > 0 && perSecond < 1 ? "<1" : countWords(Math.round(perSecond));
}

/* "1.41 G", "18.2 M", "640", "0" */
function bitsWords(perSecond) {
	const units = ["", " k", " M", " G", " T", " P"];
	let unit = 0;

	if (!(perSecond >= 999.5))
		return rateWords(perSecond);
	for (; perSecond >= 999.5 && unit + 1 < units.length; unit++)
		perSecond /= 1000;
	return perSecond.toFixed(perSecond < 9.995 ? 2 : perSecond < 99.95 ? 1 : 0) + units[unit];
}

function twoUnitsWords(seconds, bigS, big, smallS, small) {
	const rest = Math.floor((seconds % bigS) / smallS);

	return `${countWords(Math.floor(seconds / bigS))} ${big}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}

/* Its two largest units: "6 d 4 h", "12 min", "40 s"; at least "1 s" */
function durationWords(ns) {
	const seconds = Math.max(1, Math.ceil(ns / NS_PER_S));

	if (seconds >= S_PER_DAY)
		return twoUnitsWords(seconds, S_PER_DAY, "d", S_PER_HOUR, "h");
	if (seconds >= S_PER_HOUR)
		return twoUnitsWords(seconds, S_PER_HOUR, "h", S_PER_MIN, "min");
	if (seconds >= S_PER_MIN)
		return twoUnitsWords(seconds, S_PER_MIN, "min", 1, "s");
	return `${seconds} s`;
}

/* "now", "41 s ago", "3 h ago", "1 d ago" */
function ageWords(ns) {
	const seconds = Math.floor(ns / NS_PER_S);

	if (seconds < NOW_S)
		return "now";
	if (seconds < S_PER_MIN)
		return `${seconds} s ago`;
	if (seconds < S_PER_HOUR)
		return `${Math.floor(seconds / S_PER_MIN)} min ago`;
	if (seconds < S_PER_DAY)
		return `${Math.floor(seconds / S_PER_HOUR)} h ago`;
	return `${countWords(Math.floor(seconds / S_PER_DAY))} d ago`;
}

/* A time of an answer, "2026-11-20T09:14:03.123456789Z"; browsers know milliseconds */
function timeOf(text) {
	return new Date(text.replace(/(\.\d{3})\d+Z$/, "$1Z"));
}

/*
 * All times of the page are those of the host's clock: sentences of the daemon have such ones in them, and
 * so has the journal. Until an answer tells how far that is from UTC: of the clock of who looks.
 */
const clock = { offsetS: null };

function viewerOffsetS() {
	return -new Date().getTimezoneOffset() * S_PER_MIN;
}

/* What the host's clock showed then, to be read as UTC. */
function onHost(time) {
	return new Date(time.getTime() + (clock.offsetS ?? viewerOffsetS()) * 1000);
}

function twoDigits(n) {
	return String(n).padStart(2, "0");
}

/* " UTC", " UTC-3:30"; "" for who has the same clock */
function zoneWords() {
	const minutes = Math.abs(clock.offsetS ?? 0) / S_PER_MIN;
	const sign = clock.offsetS < 0 ? "-" : "+";

	if (clock.offsetS === null || clock.offsetS === viewerOffsetS())
		return "";
	return ` UTC${minutes === 0 ? "" : sign + Math.floor(minutes / 60)}` +
		(minutes % 60 === 0 ? "" : `:${twoDigits(minutes % 60)}`);
}

function hourWords(time) {
	return onHost(time).toISOString().slice(11, 19);
}

/* "Nov 20 09:14:03"; the year too if it is another one */
function dateWords(time) {
	const then = onHost(time);
	const year = then.getUTCFullYear();
	const day = `${MONTHS[then.getUTCMonth()]} ${then.getUTCDate()}`;

	return `${day}${year === onHost(new Date()).getUTCFullYear() ? "" : ` ${year}`} ${hourWords(time)}`;
}

/* "09:14:03" if that is today, else with the date */
function clockWords(time) {
	const [then, now] = [time, new Date()].map((one) => onHost(one).toISOString().slice(0, 10));

	return then === now ? hourWords(time) : dateWords(time);
}

/* "a, b and 3 more"; "-" if there is none */
function joinedWords(list, max) {
	if (list.length === 0)
		return "-";
	return list.slice(0, max).join(", ") + (list.length > max ? ` and ${list.length - max} more` : "");
}

/* "8,891 unknown-vni, 11 unknown-source" */
function dropsWords(drops) {
	return Object.entries(drops).map(([verdict, n]) => `${countWords(n)} ${verdict}`).join(", ");
}

/* The full stop that a sentence lacks */
function stopped(sentence) {
	return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/* "mirror-pay is a dummy interface that vtapd did not make. Next try in 40 s.", or "" */
function troubleWords(row) {
	if (!row.message)
		return "";
	const retry = row.retry_in_ns === null ? "" : ` Next try in ${durationWords(row.retry_in_ns)}.`;
	return stopped(row.message) + retry;
}
