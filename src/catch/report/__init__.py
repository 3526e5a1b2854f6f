"""What is told of a programme in writing: values first, then one of four forms, all from the same values.

`content` says what a report holds, `drawing` draws its charts; `page` (HTML), `printing` (PDF) and `sheets` (CSV, a
workbook) make a form of it.
"""
