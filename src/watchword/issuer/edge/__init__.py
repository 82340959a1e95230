"""What happens to every request before an endpoint sees it, and to every answer on its way out.

From the outside in: `headers`, `answering` (correlation id, access log, last resort), `hosts`, `cors`, `body`.
"""
