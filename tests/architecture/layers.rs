//! No import goes up: the order of rooms, and what a room may import at all.

use std::collections::BTreeSet;

use crate::imports::{Edge, Edges};
use crate::tree::Tree;

/// An order of the children of one module.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'r> {
    /// The module: empty for the root of the library.
    pub within: &'r str,
    /// Its children from top to bottom; `mod` is the module itself.
    pub levels: &'r [&'r [&'r str]],
    /// The name of the table, for messages.
    pub table: &'r str,
}

impl Layers<'_> {
    /// One line for each import that breaks the order, each room that the table lacks or has too much.
    pub fn check(&self, tree: &Tree, edges: &Edges) -> Vec<String> {
        let mut wrong = self.unlisted(tree);
        for edge in &edges.all {
            let Some(from) = self.room(tree, edge.from) else { continue };
            let Some(level) = self.level(&from) else { continue };
            for (target, passes_on) in targets(tree, edge) {
                let Some(to) = self.room(tree, target).filter(|to| *to != from) else { continue };
                let why = match self.level(&to) {
                    Some(other) if other < level => format!("goes up: {to} stands above {from}"),
                    Some(other) if other == level => {
                        format!("goes sideways: {from} and {to} stand on one level")
                    }
                    _ if to == "lib.rs" => format!("goes up: lib.rs stands above {from}"),
                    _ => continue,
                };
                wrong.push(line(tree, edge, target, passes_on, &why));
            }
        }
        wrong.dedup();
        wrong
    }

    /// The room of a module, if it is inside of what is ordered here.
    pub fn room(&self, tree: &Tree, module: usize) -> Option<String> {
        let path = &tree.modules[module].path;
        if self.within.is_empty() {
            return Some(path.first().map_or("lib.rs", String::as_str).to_owned());
        }
        let mut names = path.iter();
        for part in self.within.split("::") {
            names.next().filter(|name| *name == part)?;
        }
        Some(names.next().map_or("mod", String::as_str).to_owned())
    }

    fn level(&self, room: &str) -> Option<usize> {
        self.levels.iter().position(|rooms| rooms.contains(&room))
    }

    fn unlisted(&self, tree: &Tree) -> Vec<String> {
        let present: BTreeSet<String> =
            (0..tree.modules.len()).filter_map(|module| self.room(tree, module)).collect();
        let table = self.table;
        let missing =
            present.iter().filter(|room| room.as_str() != "lib.rs" && self.level(room).is_none());
        let missing = missing.map(|room| {
            let at = if self.within.is_empty() { "" } else { "::" };
            format!("{}{at}{room}: add it to {table} in tests/architecture/rules.rs", self.within)
        });
        let listed = self.levels.iter().flat_map(|rooms| rooms.iter());
        let stale = listed
            .filter(|room| !present.contains(**room))
            .map(|room| format!("{room}: {table} names it, the tree has no such module"));
        missing.chain(stale).collect()
    }
}

/// The file that defines what is named, and those that pass it on: a path through a room above goes
/// up even if what it names is defined below. The face of a folder may pass on to what is inside it.
fn targets<'a>(tree: &'a Tree, edge: &'a Edge) -> impl Iterator<Item = (usize, bool)> + 'a {
    let passing = edge.via.iter().filter(|via| !tree.is_within(edge.from, **via));
    [(edge.to, false)].into_iter().chain(passing.map(|via| (*via, true)))
}

fn line(tree: &Tree, edge: &Edge, target: usize, passes_on: bool, why: &str) -> String {
    let target = tree.modules[target].name();
    let role = if passes_on { "passed on by" } else { "defined in" };
    format!("{}: {} ({role} {target}) {why}", edge.place, edge.text)
}

/// One line for each import of a module of `only` that its entry does not name.
pub fn only(tree: &Tree, edges: &Edges, only: &[(&str, &[&str])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, allowed) in only {
        for edge in edges.all.iter().filter(|edge| is_in(tree, edge.from, module)) {
            for (target, passes_on) in targets(tree, edge) {
                let fine = is_in(tree, target, module)
                    || allowed.iter().any(|allowed| is_in(tree, target, allowed));
                if !fine {
                    let names =
                        if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
                    let why = format!("is not allowed: {module} imports {names} only");
                    wrong.push(line(tree, edge, target, passes_on, &why));
                }
            }
        }
    }
    wrong
}

fn is_in(tree: &Tree, module: usize, room: &str) -> bool {
    let mut path = tree.modules[module].path.iter();
    room.split("::").all(|part| path.next().is_some_and(|name| name == part))
}
