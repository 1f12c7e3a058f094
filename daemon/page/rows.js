/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on the page. Text from the daemon has passed through the hands of strangers (names of
 * interfaces and programs, descriptions): it only ever becomes text of a node, never markup.
 */

function byId(id) {
	return document.getElementById(id);
}

/* An element with a class and text. */
function element(tag, className = "", text = "") {
	const node = document.createElement(tag);

	if (className !== "")
		node.className = className;
	if (text !== "")
		node.textContent = text;
	return node;
}

/* Only what changes is written: selection and what is read aloud stay. */
function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

function button(className, text, handle) {
	const node = element("button", className, text);

	node.type = "button";
	node.addEventListener("click", handle);
	return node;
}

/* A word that stands for a state, with a shape of its own before it: style.css knows both by the word. */
function setBadge(node, word) {
	setText(node, word);
	node.className = "badge";
	node.dataset.word = word;
}

/*
 * The children of an element that stand for items of an answer. An item that stays keeps its
 * element, and so focus, selection and what was opened.
 */
class Rows {
	/* keyOf(item), make(item) and fill(element, item); what is in the parent already comes first */
	constructor(parent, keyOf, make, fill) {
		Object.assign(this, { parent, keyOf, make, fill });
		this.before = parent.lastElementChild;
		this.nodes = new Map();
	}

	first() {
		return this.before === null ? this.parent.firstElementChild : this.before.nextElementSibling;
	}

	show(items) {
		const focused = document.activeElement;
		const gone = new Map(this.nodes);
		let at = this.first();

		for (const item of items)
			gone.delete(this.keyOf(item));
		for (const [key, node] of gone) {
			if (at === node)
				at = at.nextElementSibling;
			node.remove();
			this.nodes.delete(key);
		}
		for (const item of items) {
			const node = this.node(item);

			this.fill(node, item);
			if (node === at)
				at = at.nextElementSibling;
			else
				this.parent.insertBefore(node, at);
		}
		if (focused !== document.activeElement && focused.isConnected)
			focused.focus({ preventScroll: true }); /* it was moved */
	}

	node(item) {
		const key = this.keyOf(item);
		let node = this.nodes.get(key);

		if (node === undefined) {
			node = this.make(item);
			this.nodes.set(key, node);
		}
		return node;
	}
}

/* Lines of text, one list item each; hidden when there is none. */
function showLines(list, lines) {
	list.hidden = lines.length === 0;
	while (list.childElementCount > lines.length)
		list.lastElementChild.remove();
	while (list.childElementCount < lines.length)
		list.append(element("li"));
	lines.forEach((line, i) => setText(list.children[i], line));
}
