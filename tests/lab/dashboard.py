"""packaging/grafana/vtapd.json, and what it asks Prometheus for."""

import json
import os
import re

PACKAGING = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "packaging")
PATH = os.path.join(PACKAGING, "grafana/vtapd.json")
RULES = os.path.join(PACKAGING, "prometheus/vtapd.rules.yml")
OF_GRAFANA = {"__rate_interval": "5m"}  # variables that it fills in itself


def load():
    with open(PATH, encoding="utf-8") as file:
        return json.load(file)


def variables_of(dashboard):
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def queries_of(dashboard):
    """[(where it stands, expression)] as Grafana asks when all is chosen. Variables are label_values(SELECTOR, LABEL)."""
    variables = variables_of(dashboard)
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]
    queries += [(note["name"], note["expr"]) for note in dashboard["annotations"]["list"] if "expr" in note]
    for name, variable in variables.items():
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            queries.append((f"variable {name}", f"count by ({label}) ({selector})"))

    def value(match):
        name = match.group(1)
        assert name in variables or name in OF_GRAFANA, f"${name}: there is no such variable"
        return OF_GRAFANA.get(name, ".+")
    return [(where, re.sub(r"\$(\w+)", value, expr)) for where, expr in queries]
