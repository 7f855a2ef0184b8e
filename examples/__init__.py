"""Small complete applications: one module of Python each, its template beside it in `templates/`."""
