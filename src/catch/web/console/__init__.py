"""The console: pages for people, made of the API's own answers.

A page is a registered document, executed as whoever looks at it; a form sends one command. So nothing is shown or done
here that the API would not show or do, and there is no query and no rule of its own. Everything works without a script;
with one, what changes is put in place while one looks (`static/console.js`).

Read `visit` (one request of one person), `site` (which pages there are and how one is answered), `forms` (a form for
every command), then `pages`.
"""
