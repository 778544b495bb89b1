//! The edges of the graph: which file names which, where and how.
//!
//! - A name counts for the module that *defines* it, not for those that pass it on.
//! - `pub use` by itself is no dependency of a module: it is one as soon as the module uses the name.
//!   (Against the order of rooms it counts all the same, see [`Edge::dependency`].)
//! - An import of a whole module is no dependency either: what is reached through it is.
//! - `use x::*` depends on `x` if `x` defines something itself.

use std::collections::HashSet;
use std::slice;

use crate::facts::{Import, Path, Reference};
use crate::resolve::{Hit, Resolver, Target};
use crate::tree::Tree;

/// One file names another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The module that is the naming file.
    pub from: usize,
    /// The module that is the named file.
    pub to: usize,
    /// `file:line` of the path.
    pub place: String,
    /// The path as written.
    pub text: String,
    /// Files other than `from` that pass the name on.
    pub via: Vec<usize>,
    /// It counts for circles between files.
    pub dependency: bool,
}

/// All edges, and the paths that lead to nothing that the text of the tree shows.
#[derive(Debug, Default)]
pub struct Edges {
    /// Between different files, none twice.
    pub all: Vec<Edge>,
    /// `file:line: path`.
    pub unknown: Vec<String>,
}

impl Edges {
    /// The edges of `tree`.
    pub fn of(tree: &Tree) -> Self {
        let resolver = Resolver::new(tree);
        let mut collector = Collector { tree, edges: Self::default(), seen: HashSet::new() };
        for (id, module) in tree.modules.iter().enumerate() {
            // What imports name, modules aside: to use it later is no further import.
            let mut imported: HashSet<&[String]> = HashSet::new();
            for import in &module.imports {
                let hits = resolver.resolve(id, &import.path);
                if !import.reexport && !hits.iter().any(Hit::is_module) {
                    imported.insert(&import.path);
                    let binding = import.binding.as_ref();
                    let alone = binding.filter(|name| !is_module(&resolver, id, name));
                    imported.extend(alone.map(slice::from_ref));
                }
                collector.import(id, import, &hits);
            }
            for Reference { path, line } in &module.references {
                if (1..=path.len()).any(|end| imported.contains(&path[..end])) {
                    continue;
                }
                let hits = resolver.resolve(id, path);
                for hit in hits.iter().filter(|hit| !hit.is_module()) {
                    collector.add(id, hit, *line, path.join("::"), true);
                }
            }
        }
        collector.edges
    }
}

/// Whether `name` is a module in `module`, whatever else it is there.
fn is_module(resolver: &Resolver<'_>, module: usize, name: &str) -> bool {
    resolver.lookup(module, name).iter().any(Hit::is_module)
}

struct Collector<'t> {
    tree: &'t Tree,
    edges: Edges,
    seen: HashSet<Edge>,
}

impl Collector<'_> {
    fn import(&mut self, from: usize, import: &Import, hits: &[Hit]) {
        for hit in hits {
            let names_item = match &hit.target {
                Target::Module(module) => {
                    import.glob && !self.tree.modules[*module].items.is_empty()
                }
                Target::Item(..) | Target::Unknown(..) => true,
            };
            let text = text_of(&import.path, import);
            self.add(from, hit, import.line, text, names_item && !import.reexport);
        }
    }

    fn add(&mut self, from: usize, hit: &Hit, line: usize, text: String, dependency: bool) {
        let module = &self.tree.modules[from];
        let place = format!("{}:{line}", module.file);
        let to = match &hit.target {
            Target::Module(to) | Target::Item(to, _) => *to,
            Target::Unknown(to, _) => {
                self.edges.unknown.push(format!("{place}: {text}"));
                *to
            }
        };
        let from = module.file_root;
        let to = self.tree.modules[to].file_root;
        let via = hit.via.iter().map(|via| self.tree.modules[*via].file_root);
        let via: Vec<usize> = via.filter(|via| *via != from && *via != to).collect();
        if from == to && via.is_empty() {
            return;
        }
        let edge = Edge { from, to, place, text, via, dependency };
        if self.seen.insert(edge.clone()) {
            self.edges.all.push(edge);
        }
    }
}

fn text_of(path: &Path, import: &Import) -> String {
    let word = if import.reexport { "pub use" } else { "use" };
    let end = if import.glob { "::*" } else { "" };
    format!("{word} {}{end}", path.join("::"))
}
