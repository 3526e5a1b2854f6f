"""Scenarios: what the programmes' papers report, played in an invented place through the same commands as everything.

Reading order: `scenario` (what one is), `place` (who is there), `life` (one case), `running` (a programme, day by day),
`reading` (what is read off), then the scenarios themselves in `each`. Whoever adds one writes its value there, beside
those that it is like, and names it in `each.ALL`.
"""
