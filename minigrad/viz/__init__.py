"""Pictures of what was computed: :func:`draw` turns a tensor into the graph that leads to it.

From a tensor to a picture it is five steps, one module each:

1. :mod:`~minigrad.viz.reading`: the recorded nodes, oldest first, and which module call each is from;
2. :mod:`~minigrad.viz.folding`: what stands for what when there is too much to draw;
3. :mod:`~minigrad.viz.picture`: boxes and arrows with their texts, in no particular language;
4. :mod:`~minigrad.viz.dot` and :mod:`~minigrad.viz.text`: the same as DOT, or as indented lines;
5. :mod:`~minigrad.viz.renderers`: DOT to SVG, PNG or PDF, by the Graphviz that is there.

Graphviz is looked for when a picture is asked for, never at import.  Curves and sheets of images, by
matplotlib, are in :mod:`minigrad.viz.pictures`.
"""

from minigrad.viz.graph import Graph, draw
from minigrad.viz.renderers import RendererMissing

__all__ = ["Graph", "RendererMissing", "draw"]
