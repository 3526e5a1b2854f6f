"""The quarterly impact report, as values."""

import strawberry


@strawberry.type(description="One thing that the report was made from.")
class ReportAbout:
    what: str
    said: str


@strawberry.type(
    description="A table, cells as people read them: `*` where people would be known by it, `–` where there is none."
)
class ReportTable:
    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str


@strawberry.type
class ReportSection:
    title: str
    said: list[str] = strawberry.field(description="Paragraphs.")
    tables: list[ReportTable] = strawberry.field(description="Those that charts are drawn from among them.")


@strawberry.type(description="The impact report of a quarter. The same position gives the same report.")
class ImpactReport:
    title: str
    subtitle: str
    about: list[ReportAbout]
    sections: list[ReportSection]
