"""Pictures by matplotlib (extra ``plot``), in one look, light or dark (:mod:`~minigrad.viz.plots.style`).

- :mod:`~minigrad.viz.plots.descent`, :mod:`~minigrad.viz.plots.surfaces` and
  :mod:`~minigrad.viz.plots.racing`: functions, ways over them, races as films;
- :mod:`~minigrad.viz.plots.pictures`: curves of losses and rates, sheets of images;
- :mod:`~minigrad.viz.plots.boundary`: what a classifier decides at each place of a plane;
- :mod:`~minigrad.viz.plots.distributions`, :mod:`~minigrad.viz.plots.activity`,
  :mod:`~minigrad.viz.plots.normalizing`: weights, gradients, activations, and what a normalisation makes of
  them;
- :mod:`~minigrad.viz.plots.flipbook`: any figures as a film.
"""
