//! The checker itself, on sources made up for it: each rule is broken once in each way.

mod circles;
mod imports;
mod names;
mod sizes;

use crate::imports::Edges;
use crate::layers::Layers;
use crate::sources::Sources;
use crate::tree::Tree;

/// A house of three rooms: `top` above `mid` above `low`.
const LAYERS: Layers<'_> =
    Layers { within: "", levels: &[&["bin"], &["top"], &["mid"], &["low"]], table: "ROOMS" };

/// Sources with their tree and its edges.
struct Planted {
    sources: Sources,
    tree: Tree,
    edges: Edges,
}

impl Planted {
    /// Of files by path; a library root that declares `top`, `mid` and `low` is there unless given,
    /// and so are the three.
    fn new(files: &[(&str, &str)]) -> Self {
        let mut all: Vec<(String, String)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let has = |all: &[(String, String)], path: &str| all.iter().any(|(known, _)| known == path);
        if !has(&all, "src/lib.rs") {
            all.push(("src/lib.rs".into(), "mod top; mod mid; mod low;".into()));
            for room in ["top", "mid", "low"] {
                let (file, folder) = (format!("src/{room}.rs"), format!("src/{room}/mod.rs"));
                if !has(&all, &file) && !has(&all, &folder) {
                    all.push((file, String::new()));
                }
            }
        }
        let mut sources = Sources::parse(&all);
        let tree = Tree::of(&mut sources);
        let edges = Edges::of(&tree);
        Self { sources, tree, edges }
    }

    /// What the order of the three rooms objects to.
    fn up(&self) -> Vec<String> {
        assert_eq!(self.tree.problems, [""; 0]);
        LAYERS
            .check(&self.tree, &self.edges)
            .into_iter()
            .filter(|line| !line.contains("bin:"))
            .collect()
    }

    /// The circles between files.
    fn circles(&self) -> Vec<String> {
        assert_eq!(self.tree.problems, [""; 0]);
        crate::circles::between_files(&self.tree, &self.edges)
    }

    /// The edges between files as `from -> to`, each once, in order.
    fn arrows(&self) -> Vec<String> {
        let edges = self.edges.all.iter().filter(|edge| edge.dependency);
        let name = |module: usize| self.tree.modules[module].name();
        let mut arrows: Vec<String> =
            edges.map(|edge| format!("{} -> {}", name(edge.from), name(edge.to))).collect();
        arrows.sort();
        arrows.dedup();
        arrows
    }
}
