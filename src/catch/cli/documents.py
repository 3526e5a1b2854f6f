"""`catch document`: a registered document, and the hash under which a service account is allowed it."""

from hashlib import sha256

import rich_click as click

from catch.cli.options import argument


@click.command("document")
@argument("names", nargs=-1)
def document(names: tuple[str, ...]) -> None:
    """The text of registered documents, each with its SHA-256; without NAMES, their names.

    A command's document has the name of its mutation.

    **Examples**

        catch document
        catch document registerPerson submitReferral
    """
    # Imported here: the whole schema comes with it.
    from catch.api.documents import shipped

    known = shipped()
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"there is no document {unknown[0]}: `catch document` lists them.")
    if not names:
        click.echo("\n".join(sorted(known)))
    for name in names:
        click.echo(f"# {name}: sha256 {sha256(known[name].encode()).hexdigest()}\n{known[name]}")
