"""Components that templates use as tags: ``<ui.Dialog id="about" title="About">``.

The templates are in ``components/ui``. An application's own file of the same name is used instead.
"""
