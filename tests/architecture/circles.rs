//! No two modules import each other, over however many others.
//!
//! The nodes are files, or the children of one module with all that is below them. `mod child;` is
//! no import; a parent that uses what its child defines while the child uses what the parent defines
//! is a circle like any other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::{Edge, Edges};
use crate::layers::Layers;
use crate::tree::Tree;

type Graph<'e> = BTreeMap<String, BTreeMap<String, &'e Edge>>;

/// Circles between files: for each knot of modules its size, and the shortest circle through each.
pub fn between_files(tree: &Tree, edges: &Edges) -> Vec<String> {
    let name = |module: usize| Some(tree.modules[module].name());
    report(&graph(edges, &name))
}

/// Circles between the children of the module `within`.
pub fn between_children(tree: &Tree, edges: &Edges, within: &str) -> Vec<String> {
    let layers = Layers { within, levels: &[], table: "" };
    let name = |module: usize| layers.room(tree, module).map(|room| format!("{within}::{room}"));
    report(&graph(edges, &name))
}

fn graph<'e>(edges: &'e Edges, name: &impl Fn(usize) -> Option<String>) -> Graph<'e> {
    let mut graph = Graph::new();
    for edge in edges.all.iter().filter(|edge| edge.dependency) {
        if let (Some(from), Some(to)) = (name(edge.from), name(edge.to))
            && from != to
        {
            graph.entry(to.clone()).or_default();
            graph.entry(from).or_default().entry(to).or_insert(edge);
        }
    }
    graph
}

fn report(graph: &Graph<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for knot in knots(graph) {
        let names: Vec<&str> = knot.iter().map(String::as_str).collect();
        lines.push(format!("{} modules import each other: {}", knot.len(), names.join(", ")));
        let mut seen = BTreeSet::new();
        for start in &knot {
            let circle = shortest(graph, &knot, start);
            let mut members = circle.clone();
            members.sort_unstable();
            if seen.insert(members) {
                lines.push(describe(graph, &circle));
            }
        }
    }
    lines
}

fn describe(graph: &Graph<'_>, circle: &[&str]) -> String {
    let mut text = format!("circle of {}: {} -> {}", circle.len(), circle.join(" -> "), circle[0]);
    for (at, from) in circle.iter().enumerate() {
        let to = circle[(at + 1) % circle.len()];
        let edge = graph[*from][to];
        let arrow = format!("\n    {}: {}   ({from} -> {to})", edge.place, edge.text);
        text.push_str(&arrow);
    }
    text
}

/// The sets of nodes that reach each other: for each node what it reaches and what reaches it.
fn knots(graph: &Graph<'_>) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|node| (node, reachable(graph, node))).collect();
    let mut knots = BTreeSet::new();
    for (node, reached) in &reach {
        let knot: BTreeSet<String> = reached
            .iter()
            .filter(|other| reach[**other].contains(node))
            .map(|other| (*other).clone())
            .collect();
        if knot.len() > 1 {
            knots.insert(knot);
        }
    }
    knots.into_iter().collect()
}

/// What one step or more lead to.
fn reachable<'g>(graph: &'g Graph<'_>, start: &String) -> BTreeSet<&'g String> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&String> = graph[start].keys().collect();
    while let Some(node) = waiting.pop() {
        if reached.insert(node) {
            waiting.extend(graph[node].keys());
        }
    }
    reached
}

/// The shortest way from `start` back to it.
fn shortest<'g>(graph: &'g Graph<'_>, knot: &BTreeSet<String>, start: &'g str) -> Vec<&'g str> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(node) = waiting.pop_front() {
        for next in graph[node].keys().map(String::as_str) {
            if next == start {
                let mut circle = vec![node];
                while let Some(last) = circle.last().filter(|last| **last != start) {
                    circle.push(before[last]);
                }
                circle.reverse();
                return circle;
            }
            if knot.contains(next) && !before.contains_key(next) {
                before.insert(next, node);
                waiting.push_back(next);
            }
        }
    }
    vec![start]
}
