"""Graphs of computations: from a tensor to a picture it is six steps.

:mod:`~minigrad.viz.graphs.drawing` takes them one after the other:

1. :mod:`~minigrad.viz.graphs.reading`: the recorded nodes, oldest first, and which of them are data;
   :mod:`~minigrad.viz.graphs.calls`: which module call each is from;
2. :mod:`~minigrad.viz.graphs.amounts`: their values and gradients, found without touching anything, by what
   :mod:`~minigrad.viz.graphs.rerun` computes again, and :mod:`~minigrad.viz.graphs.remarks` on what is
   missing; :mod:`~minigrad.viz.graphs.expanding` takes fused operations apart;
3. :mod:`~minigrad.viz.graphs.folding`: what stands for what when there is too much to draw, and
   :mod:`~minigrad.viz.graphs.repeats`: which blocks are alike;
4. :mod:`~minigrad.viz.graphs.tensor_view` and :mod:`~minigrad.viz.graphs.scalar_view`: what is shown of it,
   as boxes and arrows with their texts (:mod:`~minigrad.viz.graphs.picture`), in no particular language,
   listed in the order of :mod:`~minigrad.viz.graphs.ordering`;
5. :mod:`~minigrad.viz.graphs.dot` and :mod:`~minigrad.viz.graphs.text`: the same as DOT, or as indented
   lines; :mod:`~minigrad.viz.graphs.forks` keeps DOT's arrows inside their frames;
6. :mod:`~minigrad.viz.graphs.renderers`: DOT to SVG, PNG or PDF, by the Graphviz that is there.

:mod:`~minigrad.viz.graphs.film` makes a picture for each step of backpropagation of it, from what
:mod:`~minigrad.viz.graphs.script` lists and :mod:`~minigrad.viz.graphs.captions` says.
"""
