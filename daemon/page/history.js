/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last minutes, in this page's memory only. All series share their points in time: one for each
 * answer, and one without values where there was none, so that a gap is seen as a gap.
 */

/* What charts show: all that is known of the last 5 minutes, at first on the scale of one minute. */
const HISTORY_MS = 5 * 60 * 1000;
const HISTORY_MIN_MS = 60 * 1000;
const POINTS = 150; /* of 2 s each */

/* Points further apart than HIDDEN_PERIOD_MS have something between them that nobody saw. */
const GAP_MS = 45 * 1000;

const SVG = "http://www.w3.org/2000/svg";
const CHART_WIDTH = 120, CHART_HEIGHT = 24;

class History {
	constructor() {
		this.times = new Float64Array(POINTS).fill(-Infinity);
		this.begin = 0; /* of what charts show */
		this.series = new Map();
	}

	/* A new point in time, without values yet. */
	step(time) {
		this.times.copyWithin(0, 1);
		this.times[POINTS - 1] = time;
		this.begin = Math.max(time - HISTORY_MS,
			Math.min(time - HISTORY_MIN_MS, this.times.find(Number.isFinite)));
		for (const values of this.series.values()) {
			values.copyWithin(0, 1);
			values[POINTS - 1] = NaN;
		}
	}

	/* What a series has at the last point. */
	put(name, value) {
		let values = this.series.get(name);

		if (values === undefined) {
			values = new Float32Array(POINTS).fill(NaN);
			this.series.set(name, values);
		}
		values[POINTS - 1] = value;
	}

	/* Forget the series that are not of these names any more. */
	keep(names) {
		for (const name of this.series.keys())
			if (!names.has(name))
				this.series.delete(name);
	}

	/* The known points of the last minutes: pieces of [x, value] between gaps, and the highest value. */
	pieces(name) {
		const values = this.series.get(name) ?? [];
		const widthMs = this.times[POINTS - 1] - this.begin;
		const pieces = [];
		let max = 0, piece = null;

		for (let i = 0; i < values.length; i++) {
			if (this.times[i] < this.begin || Number.isNaN(values[i])) {
				piece = null;
				continue;
			}
			if (piece === null || this.times[i] - this.times[i - 1] > GAP_MS)
				pieces.push(piece = []);
			piece.push([(this.times[i] - this.begin) / widthMs * CHART_WIDTH, values[i]]);
			max = Math.max(max, values[i]);
		}
		return { pieces, max };
	}
}

/* A chart without anything in it. */
function chartNew(className) {
	const svg = document.createElementNS(SVG, "svg");

	svg.setAttribute("class", `chart ${className}`);
	svg.setAttribute("viewBox", `0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`);
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("role", "img");
	svg.append(document.createElementNS(SVG, "title")); /* read aloud, and shown to who points at it */
	for (const part of ["area", "line"]) {
		const path = document.createElementNS(SVG, "path");

		path.setAttribute("class", part);
		svg.append(path);
	}
	return svg;
}

/* Points of a piece as a path; a single one is a short line, else nobody would see it. */
function lineOf(piece, max) {
	const at = piece.map(([x, value]) => {
		const y = CHART_HEIGHT - 1 - (max > 0 ? value / max : 0) * (CHART_HEIGHT - 2);

		return `${x.toFixed(1)},${y.toFixed(1)}`;
	});

	return `M${at.join("L")}${at.length === 1 ? "h-0.8" : ""}`;
}

function areaOf(piece, line) {
	return `${line}L${piece.at(-1)[0].toFixed(1)},${CHART_HEIGHT}H${piece[0][0].toFixed(1)}Z`;
}

/* What a chart shows now: a series of the history, and in words its highest value. */
function chartDraw(svg, history, name, wordsOf, unit) {
	const { pieces, max } = history.pieces(name);
	const lines = pieces.map((piece) => lineOf(piece, max));

	svg.children[1].setAttribute("d", pieces.map((piece, i) => areaOf(piece, lines[i])).join(""));
	svg.lastChild.setAttribute("d", lines.join(""));
	setText(svg.firstChild, `last minutes: at most ${wordsOf(max)} ${unit}`);
}
