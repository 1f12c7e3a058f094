/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong and what to do: the findings of /healthz, most urgent first, as `vtapctl doctor` has them. */

const SEVERITIES = ["page", "ticket", "info"];

/* Findings of one condition that are shown at first, and how many more each time: rates are not to be far below. */
const FINDINGS_SHOWN = 4;
const FINDINGS_STEP = 16;

/* Conditions that the closed notes name. */
const NOTES_NAMED = 4;

const COPIED_MS = 2000;

const told = { health: null, limits: new Map() /* of conditions of which somebody wanted more */ };

/* { id, severity, key, … } of everything that holds; how many of its condition are beyond the limit as a number */
function findingsOf(health) {
	const rows = [];

	for (const condition of health.conditions) {
		const { id, severity, findings } = condition;
		const wanted = told.limits.get(id) ?? FINDINGS_SHOWN;
		const limit = findings.length === wanted + 1 ? findings.length : wanted; /* a button takes as much */

		findings.slice(0, limit).forEach((finding, i) => rows.push({
			id, severity, key: `${id} ${finding.subject ?? ""} ${i}`, ...finding,
			beyond: i + 1 === limit ? findings.length - limit : 0,
		}));
	}
	/* stable: within a severity the order of the register */
	return rows.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/* "2 findings and 1 note"; notes are what is only worth knowing */
function findingsCounted(n, notes) {
	const words = n > 0 || notes === 0 ? [countedWords(n, "finding")] : [];

	return words.concat(notes > 0 ? [countedWords(notes, "note")] : []).join(" and ");
}

/* "2 findings and 1 note, 21 checks passed." */
function findingsWords(health) {
	const all = health.conditions.flatMap(({ severity, findings }) => findings.map((finding) =>
		finding.severity ?? severity));
	const notes = all.filter((severity) => severity === "info").length;
	const passed = health.conditions.filter(({ holds, checked }) => !holds && checked !== false).length;

	return `${findingsCounted(all.length - notes, notes)}, ${countedWords(passed, "check")} passed.`;
}

/* The text is selected, so that a browser that refuses leaves it to the keys. */
function selectText(node) {
	const range = document.createRange();

	range.selectNodeContents(node);
	getSelection().removeAllRanges();
	getSelection().addRange(range);
}

/* Only over HTTPS and on the host itself pages may write to the clipboard; elsewhere the old way. */
async function copyText(node) {
	selectText(node);
	try {
		await navigator.clipboard.writeText(node.textContent);
		return true;
	} catch {
		return document.execCommand("copy");
	}
}

async function handleCopy(event) {
	const button = event.currentTarget;
	const isCopied = await copyText(button.previousElementSibling);
	const text = isCopied ? "Copied" : "Selected";

	setText(button, text);
	setText(byId("said"), isCopied ? "Copied." : "The remedy is selected.");
	setTimeout(() => {
		setText(button, "Copy");
		setText(byId("said"), "");
	}, COPIED_MS);
}

/* A note alone is for reading; everything else can be pasted as it stands. */
function isNote(remedy) {
	return remedy.startsWith("#");
}

/* The first of those that come is read next. */
function handleMore(event) {
	const item = event.currentTarget.closest("li");
	const { id } = item.dataset;

	told.limits.set(id, (told.limits.get(id) ?? FINDINGS_SHOWN) + FINDINGS_STEP);
	showFindings(told.health);
	item.nextElementSibling.focus();
}

function beyondNew() {
	const node = element("p", "beyond");

	node.append(button("more", "", handleMore), " ", element("span"));
	return node;
}

function findingNew() {
	const item = element("li", "finding");
	const head = element("p", "head"), sentence = element("p", "sentence"), fix = element("div", "fix");

	item.tabIndex = -1; /* by handleMore() only */
	head.append(element("span", "badge"), element("code", "id"), element("span", "subject"),
		element("span", "since"));
	fix.append(element("code", "remedy"), button("copy", "Copy", handleCopy));
	item.append(head, sentence, fix, beyondNew());
	return item;
}

/* "Show 16 more of 26; vtapctl doctor interface-foreign lists all" */
function beyondFill(node, { id, beyond }) {
	const next = Math.min(FINDINGS_STEP, beyond);

	node.hidden = beyond === 0;
	setText(node.firstElementChild, `Show ${countWords(next)} more`);
	setText(node.lastElementChild,
		`${next < beyond ? `of ${countWords(beyond)}; ` : ""}vtapctl doctor ${id} lists all`);
}

/* "since 09:14:03", but for sentences that say it themselves */
function sinceWords({ since, sentence }) {
	return since === null || /\bsince\b/.test(sentence) ? "" : `since ${clockWords(timeOf(since))}`;
}

function findingFill(item, finding) {
	const part = (name) => item.querySelector(`.${name}`);

	item.dataset.severity = finding.severity;
	item.dataset.id = finding.id;
	setBadge(part("badge"), finding.severity);
	setText(part("id"), finding.id);
	setText(part("subject"), finding.subject ?? "");
	setText(part("since"), sinceWords(finding));
	setText(part("sentence"), finding.sentence);
	setText(part("remedy"), finding.remedy);
	part("copy").hidden = isNote(finding.remedy);
	part("copy").setAttribute("aria-label", `Copy the remedy for ${finding.id} ${finding.subject ?? ""}`.trim());
	beyondFill(part("beyond"), finding);
}

const findingRows = new Rows(byId("findings"), (finding) => finding.key, findingNew, findingFill);
const noteRows = new Rows(byId("findings-notes-list"), (finding) => finding.key, findingNew, findingFill);

/* "2 notes: allow-any, udp-checksum" */
function notesWords(notes) {
	const n = notes.reduce((sum, { beyond }) => sum + 1 + beyond, 0);

	return `${countedWords(n, "note")}: ${joinedWords([...new Set(notes.map(({ id }) => id))], NOTES_NAMED)}`;
}

/* Notes are closed until somebody opens them: what they say can wait longer than a look at the rates. */
function showFindings(health) {
	told.health = health;
	const all = findingsOf(health);
	const notes = all.filter(({ severity }) => severity === "info");

	findingRows.show(all.filter(({ severity }) => severity !== "info"));
	noteRows.show(notes);
	byId("findings-notes").hidden = notes.length === 0;
	setText(byId("findings-notes").firstElementChild, notesWords(notes));
	setText(byId("findings-summary"), findingsWords(health));
}
