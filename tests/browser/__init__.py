"""The course in a real browser: Chromium on JupyterLab and on Notebook 7, driven like a reader.

``server`` starts an application, ``page`` turns what a reader does into methods, ``scenes`` holds
the tests that both applications run, and ``test_lab`` and ``test_notebook7`` run them, one file an
application, so that two workers share the time.
"""
