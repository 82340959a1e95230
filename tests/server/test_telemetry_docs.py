"""docs/telemetry.md says of every metric what the code says of it."""

from pathlib import Path

from watchword import telemetry

DOCUMENT = Path(__file__).parents[2] / "docs" / "telemetry.md"


def table() -> str:
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for metric in telemetry.METRICS:
        labels = "; ".join(f"`{name}`" + (f": {', '.join(values)}" if values else "") for name, values in metric.labels)
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(rows)


def test_the_table_of_metrics_is_made_of_the_constants() -> None:
    text = DOCUMENT.read_text()
    begin, end = "<!-- metrics -->\n", "\n<!-- end of metrics -->"
    assert text.partition(begin)[2].partition(end)[0] == table()


def test_every_field_of_a_log_line_is_told() -> None:
    text = DOCUMENT.read_text().partition("## Logs")[2]
    assert [field for field in telemetry.LOG_FIELDS if f"`{field}`" not in text] == []
