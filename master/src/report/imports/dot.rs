//! The graph of modules for Graphviz: cycles red, imports in functions dashed, those for type checkers dotted.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{
    jobs::imports::{Edge, Graph, Kind, Modules, Scanned},
    report::layout::printable,
};

/// Draws all modules and their imports of each other.
pub(crate) fn graph(
    graph: &Graph,
    files: &[Scanned],
    modules: &Modules,
    out: &mut impl Write,
) -> io::Result<()> {
    let ids = ids(files, modules);
    writeln!(out, "digraph imports {{")?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  node [shape=box, fontname=\"sans-serif\"];")?;
    for (file, id) in ids.iter().enumerate() {
        let style = if graph.is_in_cycle(file) {
            " [color=red]"
        } else {
            ""
        };
        writeln!(out, "  {id}{style};")?;
    }
    for edge in graph.edges() {
        writeln!(
            out,
            "  {} -> {}{};",
            ids[edge.from],
            ids[edge.to],
            style(graph, edge)
        )?;
    }
    writeln!(out, "}}")
}

fn style(graph: &Graph, edge: &Edge) -> &'static str {
    match edge.kind {
        Kind::Now if graph.is_cyclic(edge) => " [color=red]",
        Kind::Now => "",
        Kind::Deferred => " [style=dashed]",
        Kind::Typing => " [style=dotted]",
    }
}

/// The modules' names, quoted; with their paths where two have the same.
fn ids(files: &[Scanned], modules: &Modules) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in 0..files.len() {
        *counts.entry(modules.name(file)).or_default() += 1;
    }
    let id = |(number, file): (usize, &Scanned)| {
        let name = modules.name(number);
        match counts.get(name) {
            Some(1) => quoted(name),
            _ => quoted(&format!("{name} ({})", file.path.display())),
        }
    };
    files.iter().enumerate().map(id).collect()
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        printable(text).replace('\\', "\\\\").replace('"', "\\\"")
    )
}
