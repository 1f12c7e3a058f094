/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast everything moves, and all of it by one way, so that what stands side by side adds up: the rise
 * between two answers. What the daemon itself says per second is of its own last second, and is not shown.
 */

/*
 * How fast counters rise: what they had at the former answer, and when that was by the daemon's own
 * clock. A counter that fell belongs to a daemon that started anew: then nothing is known.
 */
class Rates {
	constructor() {
		this.former = new Map();
		this.now = new Map();
		this.elapsedS = NaN;
	}

	/* Is this the answer of which all is known? The daemon may give one twice. */
	has(daemon) {
		return this.pid === daemon.pid && this.uptimeNs === daemon.uptime_ns;
	}

	/* A new answer begins. */
	step(daemon) {
		const isSame = this.pid === daemon.pid && this.uptimeNs <= daemon.uptime_ns;

		this.elapsedS = isSame ? (daemon.uptime_ns - this.uptimeNs) / NS_PER_S : NaN;
		this.pid = daemon.pid;
		this.uptimeNs = daemon.uptime_ns;
		this.former = this.now;
		this.now = new Map();
	}

	/* Per second; NaN where it is not known. What is told only once it is not 0 was 0 before. */
	of(name, count, before = NaN) {
		const rise = count - (this.former.get(name) ?? before);

		this.now.set(name, count);
		return rise >= 0 && this.elapsedS > 0 ? rise / this.elapsedS : NaN;
	}
}

/* Of the rows of which it is known; NaN where there is none of them. */
function sumKnown(rows, valueOf) {
	const known = rows.map(valueOf).filter(Number.isFinite);

	return known.length === 0 && rows.length > 0 ? NaN : known.reduce((sum, value) => sum + value, 0);
}

/* An answer whose targets, sessions and drain have these rates. */
function ratedOf(status, rates) {
	const targets = status.targets.map((target) => ({ ...target,
		packets_per_second: rates.of(`target ${target.name}`, target.received),
		dropped_per_second: rates.of(`target ${target.name} dropped`, target.dropped) }));
	const sessions = status.sessions.map((session) => ({ ...session,
		frames_per_second: rates.of(`session ${session.name}`, session.delivered),
		bits_per_second: 8 * rates.of(`session ${session.name} bytes`, session.bytes) }));
	const drain = status.daemon.drain === null ? null : { ...status.daemon.drain,
		frames_per_second: sumKnown(targets, (target) => target.packets_per_second) };

	return { ...status, targets, sessions, daemon: { ...status.daemon, drain } };
}
